#include "actors/runtime/hosted_actor.h"

#include <caf/send.hpp>

#include "actors/runtime/actor_registry.h"

namespace callboard {

HostedActor::HostedActor(caf::actor_config& config, ActorRegistry& registry, ActorKind kind, std::string name)
  : super(config), host_(dynamic_cast<Host*>(config.host)), registry_(registry), name_(std::move(name)),
    stats_(std::make_shared<ActorStats>()) {
  registry_.add({id(), kind, name_, host_ != nullptr ? host_->name() : "scheduler", stats_}, address());
}

HostedActor::~HostedActor() noexcept {
  registry_.remove(id());
}

void HostedActor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* from) {
  stats_->on_enqueue();
  super::enqueue(std::move(element), host_ != nullptr ? host_ : from);
}

void HostedActor::launch(caf::execution_unit* from, bool lazy, bool hide) {
  super::launch(host_ != nullptr ? host_ : from, lazy, hide);
}

caf::resumable::resume_result HostedActor::resume(caf::execution_unit* unit, std::size_t throughput) {
  return super::resume(host_ != nullptr ? host_ : unit, throughput);
}

void HostedActor::answer_status(const StatusQuery& query) {
  send(query.reply_to, StatusAnswer{query.token, id(), describe()});
}

} // namespace callboard
