#include "tests/simulation/cluster/members.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/cluster/metadata.h"

namespace callboard::simulation::cluster {
namespace {

constexpr std::uint32_t beat_ticks = 2;
constexpr std::uint32_t silence_ticks = 60;
constexpr std::uint32_t repeat_ticks = 8;    // what TCP sends again
constexpr std::uint32_t command_ticks = 600; // then it is given up
constexpr std::uint32_t find_again_ticks = 20;
constexpr std::uint32_t resolve_ticks = 40;

} // namespace

Members::Members(Machine& machine, membership::FormingStart forming) : machine_(machine), forming_(std::move(forming)) {
  if (!forming_.done()) resolve();
}

void Members::tick() {
  if (!forming_.done()) {
    if (machine_.ticks() % resolve_ticks == 0) resolve();
    forming_.tick();
    run_forming();
  }
  detector_.tick();
  tell_changes();
  if (!forming_.done()) return;
  for (auto& [node, link] : links_) tick_link(node, link);
  if (links_.empty() && machine_.ticks() % find_again_ticks == 0) find_again();
}

// ---- forming

void Members::resolve() {
  for (const auto& seed : forming_.seeds()) {
    const auto address = parse_host_port(seed);
    if (address) forming_.resolved(seed, {*address});
  }
}

void Members::run_forming() {
  auto effects = forming_.take_effects();
  if (effects.say) machine_.say(*effects.say);
  if (effects.give_up) machine_.around().findings.fail("forming", "a node gives up: " + effects.give_up->message);
  for (const auto& call : effects.probes) probe(call);
  if (effects.join) join(*effects.join);
  if (effects.found) machine_.post([this] { machine_.belong(machine_.draw_uuid(), NodeId{1}, {}); });
}

void Members::probe(const membership::Call& call) {
  const auto failed = [this, number = call.number] {
    forming_.failed(number, "Connection refused");
    run_forming();
  };
  const auto from = machine_.address();
  machine_.send(
      call.address,
      [number = call.number, question = forming_.question(), from, life = machine_.incarnation()](Machine& other) {
        const auto answer = other.members()->forming_.answer(question);
        other.send(from, [number, answer, life](Machine& asker) {
          if (asker.incarnation() != life) return;
          asker.members()->forming_.answered(number, answer);
          asker.members()->run_forming();
        });
      },
      failed);
}

JoinRequest Members::join_request() const {
  const auto own = machine_.own_record();
  return {peer_protocol, own.identity, own.peer, own.client, own.rack, own.version};
}

void Members::join(const membership::Call& call) {
  const auto number = call.number;
  const auto request = join_request();
  const auto from = machine_.address();
  machine_.send(
      call.address,
      [number, request, from, life = machine_.incarnation()](Machine& other) {
        const auto hear = [number, life](Machine& asker, const Result<JoinAnswer>& answer) {
          if (asker.incarnation() != life) return;
          auto& members = *asker.members();
          if (!answer) {
            members.forming_.failed(number, answer.error().message);
          } else if (members.forming_.accept(number, *answer)) {
            asker.belong(answer->cluster, answer->node, answer->nodes);
          }
          members.run_forming();
        };
        other.members()->hear_join_request(request, from, hear);
      },
      [this, number] {
        forming_.failed(number, "Connection refused");
        run_forming();
      });
}

// A member that knows of no other node, because it was cut off when it had just joined.
void Members::find_again() {
  for (const auto& seed : forming_.seeds()) {
    const auto address = parse_host_port(seed);
    if (!address || *address == machine_.address()) continue;
    const auto from = machine_.address();
    machine_.send(*address, [request = join_request(), from](Machine& other) {
      other.members()->hear_join_request(request, from, [](Machine& asker, const Result<JoinAnswer>& answer) {
        if (answer && asker.cluster() == answer->cluster) asker.members()->know(answer->nodes);
      });
    });
  }
}

void Members::hear_join_request(const JoinRequest& request, const HostPort& reply_to,
                                std::function<void(Machine&, const Result<JoinAnswer>&)> hear) {
  const auto reply = [this, reply_to, identity = request.identity,
                      hear = std::move(hear)](const Result<JoinAnswer>& answer) {
    machine_.send(reply_to, [identity, hear, answer](Machine& asker) {
      if (asker.identity() == identity) hear(asker, answer);
    });
  };
  if (!machine_.ready()) {
    reply(Error{ErrorCode::coordinator_not_available, "This node is not ready itself; ask it again."});
    return;
  }
  NodeRegistration registration;
  registration.node.id = no_node;
  registration.node.identity = request.identity;
  registration.node.peer = request.peer;
  registration.node.client = request.client;
  registration.node.rack = request.rack;
  registration.node.version = request.version;
  machine_.metadata()->accept(std::move(registration), [this, reply](const ControllerOutcome& outcome) {
    const auto* record = outcome.record ? std::get_if<NodeRecord>(&*outcome.record) : nullptr;
    if (record != nullptr)
      reply(JoinAnswer{*machine_.cluster(), record->id, outcome.nodes});
    else
      reply(Error{outcome.error, outcome.message});
  });
}

// ---- links

void Members::know(const std::vector<NodeRecord>& nodes) {
  for (const auto& node : nodes) {
    nodes_[node.id] = node;
    if (node.id == machine_.id()) continue;
    if (node.status == NodeStatus::removed) {
      if (auto link = links_.find(node.id); link != links_.end()) {
        break_link(node.id, link->second, false);
        links_.erase(link);
        detector_.remove(node.id);
      }
      continue;
    }
    const auto [link, added] = links_.try_emplace(node.id);
    if (added) detector_.add(node.id);
    if (!added && link->second.address != node.peer) break_link(node.id, link->second, false);
    link->second.address = node.peer;
    link->second.identity = node.identity;
  }
  tell_changes();
}

void Members::tick_link(NodeId node, Link& link) {
  const auto now = machine_.ticks();
  if (link.up && now - link.answered > silence_ticks) break_link(node, link, false);
  if ((now + static_cast<std::uint32_t>(node.value)) % beat_ticks == 0) send_beat(node, link);
  if (!link.up) return;
  if (!link.to_tell.empty() && now - link.told_at > repeat_ticks) tell(node, link);
  std::vector<std::uint64_t> late;
  for (auto& [number, asked] : link.asked) {
    if (now - asked.since > command_ticks)
      late.push_back(number);
    else if (now - asked.sent > repeat_ticks)
      send_command(node, link, number, asked);
  }
  for (const auto number : late) {
    auto asked = link.asked.extract(number);
    asked.mapped().answer({ErrorCode::request_timed_out, "The node did not answer the command in time."});
  }
}

void Members::send_beat(NodeId node, Link& link) {
  const Beat beat{*machine_.cluster(),    machine_.id(), node,    machine_.identity(),      machine_.address(),
                  machine_.incarnation(), link.session,  link.up, machine_.stopped_groups()};
  machine_.send(
      link.address, [beat](Machine& other) { other.members()->hear(beat); },
      [this, node, session = link.session] {
        const auto found = links_.find(node);
        if (found == links_.end() || found->second.session != session) return;
        break_link(node, found->second, true);
        tell_changes();
      });
}

// What the actors' check_hello() refuses makes no link.
void Members::hear(const Beat& beat) {
  if (!machine_.metadata() || machine_.cluster() != beat.cluster || beat.to != machine_.id()) return;
  const auto known = nodes_.find(beat.from);
  if (known != nodes_.end() && (known->second.status == NodeStatus::removed || known->second.identity != beat.identity))
    return;
  if (known == nodes_.end())
    know({{beat.from, beat.identity, beat.reply_to, beat.reply_to, "", "simulated"}}); // it gets its answers
  auto& newest = incarnations_[beat.from];
  if (beat.incarnation < newest) return;
  newest = beat.incarnation;
  machine_.send(beat.reply_to, [node = machine_.id(), session = beat.session, to = beat.from,
                                incarnation = machine_.incarnation()](Machine& asker) {
    if (asker.id() == to) asker.members()->hear_answer(node, session, incarnation);
  });
  if (!beat.established) return;
  detector_.heard(beat.from, beat.incarnation);
  for (const auto group : beat.stopped)
    if (machine_.hosts(group)) machine_.step({{group, beat.from, machine_.id(), Term{0}, raft::Stopped{}}});
  for (const auto group : stopped_.heard(beat.from, beat.stopped))
    if (detector_.is_up(beat.from)) machine_.replica_is_back(group, beat.from);
  tell_changes();
}

void Members::hear_answer(NodeId node, std::uint64_t session, std::uint64_t incarnation) {
  const auto found = links_.find(node);
  if (found == links_.end() || found->second.session != session) return;
  auto& link = found->second;
  if (link.up && link.incarnation != incarnation) break_link(node, link, false);
  if (link.session != session) return;
  link.answered = machine_.ticks();
  if (!link.up) came_up(node, link, incarnation);
  detector_.heard(node, link.incarnation);
  tell_changes();
}

void Members::came_up(NodeId node, Link& link, std::uint64_t incarnation) {
  link.up = true;
  link.lost = false;
  link.incarnation = incarnation;
  for (const auto& [group, announcement] : leading_) link.to_tell[group] = announcement;
  if (!link.to_tell.empty()) tell(node, link);
}

void Members::break_link(NodeId node, Link& link, bool refused) {
  if (refused) detector_.refused(node);
  ++link.session;
  link.up = false;
  link.lost = true;
  link.to_tell.clear();
  auto asked = std::exchange(link.asked, {});
  for (auto& [number, command] : asked)
    machine_.post([answer = std::move(command.answer)] {
      answer({ErrorCode::network_exception, "The link broke; whether the command was done is not known here."});
    });
}

void Members::send_to(NodeId node, const Link& link, std::function<void(Machine&)> deliver) {
  machine_.send(link.address, [node, cluster = *machine_.cluster(), deliver = std::move(deliver)](Machine& other) {
    if (other.metadata() && other.id() == node && other.cluster() == cluster) deliver(other);
  });
}

void Members::send_raft(raft::Message message) {
  const auto link = links_.find(message.to);
  if (link == links_.end() || !link->second.up) return;
  const auto to = message.to;
  send_to(to, link->second, [message = std::move(message)](Machine& other) { other.step({message}); });
}

void Members::tell(NodeId node, Link& link) {
  std::vector<LeaderAnnouncement> leaders;
  for (const auto& [group, announcement] : link.to_tell) leaders.push_back(announcement);
  link.told_at = machine_.ticks();
  send_to(node, link,
          [leaders, from = machine_.id(), reply_to = machine_.address(), session = link.session](Machine& other) {
            other.metadata()->leaders(leaders);
            other.send(reply_to, [leaders, from, node = other.id(), session](Machine& teller) {
              if (teller.id() != from) return;
              auto& links = teller.members()->links_;
              const auto found = links.find(node);
              if (found == links.end() || found->second.session != session) return;
              for (const auto& told : leaders) {
                const auto waits = found->second.to_tell.find(told.group);
                if (waits != found->second.to_tell.end() && waits->second == told) found->second.to_tell.erase(waits);
              }
            });
          });
}

void Members::local_leader(const LeaderAnnouncement& announcement) {
  const bool leads = announcement.leader == machine_.id();
  if (leads)
    leading_[announcement.group] = announcement;
  else if (leading_.erase(announcement.group) == 0)
    return; // its leader says it
  for (auto& [node, link] : links_) {
    if (!link.up) continue;
    link.to_tell[announcement.group] = announcement;
    tell(node, link);
  }
}

// ---- commands

void Members::ask(NodeId node, const ControllerCommand& command, Answer answer) {
  const auto found = links_.find(node);
  if (found == links_.end() || !found->second.up) {
    machine_.post([answer = std::move(answer)] {
      answer({ErrorCode::network_exception, "There is no link to the node."});
    });
    return;
  }
  auto& asked = found->second.asked[++numbers_];
  asked = {command, std::move(answer), 0, machine_.ticks()};
  send_command(node, found->second, numbers_, asked);
}

void Members::send_command(NodeId node, Link& link, std::uint64_t number, Asked& asked) {
  asked.sent = machine_.ticks();
  send_to(node, link,
          [from = machine_.id(), incarnation = machine_.incarnation(), reply_to = machine_.address(), number,
           command = asked.command](Machine& other) {
            other.members()->hear_command(from, incarnation, reply_to, number, command);
          });
}

void Members::hear_command(NodeId from, std::uint64_t incarnation, const HostPort& reply_to, std::uint64_t number,
                           const ControllerCommand& command) {
  const auto key = std::tuple(from, incarnation, number);
  const auto reply = [this, from, incarnation, reply_to, number](const ControllerOutcome& outcome) {
    machine_.send(reply_to, [from, incarnation, node = machine_.id(), number, outcome](Machine& asker) {
      if (asker.id() != from || asker.incarnation() != incarnation) return;
      const auto link = asker.members()->links_.find(node);
      if (link == asker.members()->links_.end()) return;
      if (auto asked = link->second.asked.extract(number); !asked.empty()) asked.mapped().answer(outcome);
    });
  };
  const auto [known, fresh] = carried_out_.try_emplace(key);
  if (!fresh) {
    if (known->second) reply(*known->second);
    return;
  }
  machine_.metadata()->hear_command(command, [this, key, reply](const ControllerOutcome& outcome) {
    carried_out_[key] = outcome;
    reply(outcome);
  });
}

void Members::tell_changes() {
  for (const auto& change : detector_.take_changes()) {
    machine_.say("takes node " + std::to_string(change.node.value) + (change.up ? " for up" : " for down"));
    machine_.post([this, change] {
      const auto [known, fresh] = up_.try_emplace(change.node, true);
      if (std::exchange(known->second, change.up) != change.up) machine_.peer_changed(change.node, change.up);
      machine_.metadata()->liveness(change.node, change.up);
    });
  }
}

} // namespace callboard::simulation::cluster
