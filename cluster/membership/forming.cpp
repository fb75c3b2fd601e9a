// Forming: inputs, probes, requests to join.
#include "cluster/membership/forming.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "schema/assert.h"

namespace callboard::membership {
namespace {

// One spelling of HOST:PORT: no blanks, small letters, no dot at the end of a name.
std::string spelled(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  auto read = parse_host_port(text);
  if (!read) return text;
  if (read->host.size() > 1 && read->host.ends_with('.')) read->host.pop_back();
  return read->text();
}

std::vector<std::string> one_spelling(std::vector<std::string> names) {
  for (auto& name : names) name = spelled(std::move(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string host_of(const std::string& host_port) {
  const auto read = parse_host_port(host_port);
  return read ? read->host : host_port;
}

} // namespace

Forming::Forming(FormingStart start)
  : start_(std::move(start)), config_(start_.config), cluster_(start_.cluster), random_state_(start_.seed) {
  if (start_.mode == FormingMode::join || start_.mode == FormingMode::seeds) {
    names_ = one_spelling(start_.seeds);
    CB_ASSERT(!names_.empty());
    for (const auto& name : names_) seeds_.push_back({name});
  }
  if (start_.mode == FormingMode::seeds) told_ = names_;
  if (start_.mode == FormingMode::discover)
    told_ = {"any " + std::to_string(start_.expect) + " of the name " + start_.name};
}

Forming::Seed* Forming::find_seed(const std::string& name) {
  const auto found = std::find_if(seeds_.begin(), seeds_.end(), [&](const Seed& seed) { return seed.name == name; });
  return found == seeds_.end() ? nullptr : &*found;
}

Forming::Target* Forming::find_target(std::uint64_t number) {
  for (auto& seed : seeds_) {
    for (auto& target : seed.targets) {
      if (target.number == number) return &target;
    }
  }
  return nullptr;
}

void Forming::resolved(const std::string& name, const std::vector<HostPort>& addresses) {
  CB_ASSERT(!addresses.empty());
  auto* seed = find_seed(name);
  if (seed == nullptr) return;
  std::vector<Target> targets;
  for (const auto& address : addresses) {
    const auto is_it = [&](const Target& target) { return target.address == address; };
    if (std::any_of(targets.begin(), targets.end(), is_it)) continue;
    const auto known = std::find_if(seed->targets.begin(), seed->targets.end(), is_it);
    targets.push_back(known != seed->targets.end() ? *known : Target{address});
    if (known == seed->targets.end() && !seed->targets.empty()) targets.back().changed = tick_;
  }
  seed->targets = std::move(targets);
  seed->reason.clear();
}

// Addresses that were known before stay.
void Forming::unresolved(const std::string& name, std::string reason) {
  if (auto* seed = find_seed(name)) seed->reason = std::move(reason);
}

// When there is no place left, who answers no more makes room.
void Forming::discovered(const HostPort& address) {
  if (start_.mode != FormingMode::discover || done()) return;
  const auto name = address.text();
  if (find_seed(name) != nullptr) return;
  const auto silent = [this](const Seed& seed) {
    const bool promised = std::any_of(promises_.begin(), promises_.end(),
                                      [&](const Promise& promise) { return promise.seed == seed.name; });
    return !promised && seed.targets[0].tried() && !heard(seed.targets[0]);
  };
  if (seeds_.size() >= config_.discovered_max) {
    const auto gone = std::find_if(seeds_.begin(), seeds_.end(), silent);
    if (gone == seeds_.end()) return;
    seeds_.erase(gone);
  }
  seeds_.push_back({name, {Target{address}}});
}

void Forming::tick() {
  if (done() || given_up_) return;
  ++tick_;
  if (start_.mode == FormingMode::alone) {
    effects_.found |= founding_.empty();
    founding_ = {start_.identity};
    return;
  }
  send_probes();
  release_promises();
  if (founding_.empty() && !accepted_) {
    ask_to_join();
    const auto nodes = everybody();
    if (nodes && may_found(*nodes)) {
      promise(*nodes);
      founding_ = *nodes;
      effects_.found = true;
    }
  }
  auto error = trouble();
  trouble_ticks_ = error ? trouble_ticks_ + 1 : 0;
  if (trouble_ticks_ > config_.patience_ticks) {
    given_up_ = true;
    effects_.give_up = error;
  }
  if (auto sentence = error ? error->message : describe(); sentence != said_) {
    said_ = sentence;
    effects_.say = std::move(sentence);
  }
}

void Forming::send_probes() {
  for (auto& seed : seeds_) {
    for (auto& target : seed.targets) {
      if (target.number != 0 && tick_ > target.sent + config_.answer_ticks) note_failure(target, "no answer");
      if (target.number != 0 || tick_ < target.due) continue;
      target.number = ++number_;
      target.sent = tick_;
      effects_.probes.push_back({target.number, target.address, host_of(seed.name)});
    }
  }
}

void Forming::note_failure(Target& target, const std::string& reason) {
  target.number = 0;
  target.reason = reason;
  const auto wait = std::uint64_t{1} << std::min<std::uint32_t>(target.failures, 16);
  ++target.failures;
  target.due = tick_ + jittered(std::min<std::uint64_t>(wait, config_.retry_ticks_max));
}

void Forming::answered(std::uint64_t number, const ProbeAnswer& answer) {
  auto* target = number == 0 ? nullptr : find_target(number);
  if (target == nullptr || tick_ > target->sent + config_.answer_ticks) return;
  if (target->answer && target->answer->identity != answer.identity) target->changed = tick_;
  target->answer = answer;
  target->asked = target->sent;
  target->number = 0;
  target->failures = 0;
  target->reason.clear();
  target->due = tick_ + config_.probe_ticks;
}

void Forming::failed(std::uint64_t number, const std::string& reason) {
  if (joining_ && joining_->number == number && !accepted_) {
    join_reason_ = joining_->address.text() + ": " + reason;
    joining_.reset();
    const auto wait = std::uint64_t{1} << std::min<std::uint32_t>(join_failures_++, 16);
    join_due_ = tick_ + jittered(std::min<std::uint64_t>(wait, config_.retry_ticks_max));
  } else if (auto* target = number == 0 ? nullptr : find_target(number)) {
    note_failure(*target, reason);
  }
}

// `ticks` to half as much again.
std::uint64_t Forming::jittered(std::uint64_t ticks) {
  random_state_ = random_state_ * 6364136223846793005ULL + 1442695040888963407ULL;
  return ticks + (random_state_ >> 33) % (ticks / 2 + 1);
}

// Every address was tried once, so that none is joined before another one is seen to
// belong elsewhere.
bool Forming::first_round_over() const {
  return std::all_of(seeds_.begin(), seeds_.end(), [this](const Seed& seed) {
    if (seed.targets.empty()) return !seed.reason.empty() || tick_ > config_.answer_ticks;
    return std::all_of(seed.targets.begin(), seed.targets.end(), [](const Target& target) { return target.tried(); });
  });
}

// One member after the other, until one takes this node in.
void Forming::ask_to_join() {
  if (joining_ && tick_ > join_sent_ + config_.join_ticks) failed(joining_->number, "no answer");
  const auto clusters = clusters_met();
  if (joining_ || clusters.size() != 1 || tick_ < join_due_ || !first_round_over()) return;
  std::vector<Call> members;
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (heard(target) && target.answer->cluster) members.push_back({0, target.address, host_of(seed.name)});
    }
  }
  joining_ = members[join_next_++ % members.size()];
  joining_->number = ++number_;
  joining_cluster_ = clusters[0];
  join_sent_ = tick_;
  effects_.join = joining_;
}

bool Forming::accept(std::uint64_t number, const JoinAnswer& answer) {
  if (!joining_ || joining_->number != number || accepted_ || given_up_) return false;
  if (answer.cluster != joining_cluster_) {
    failed(number, "it belongs to another cluster than before");
    return false;
  }
  accepted_ = true;
  return true;
}

void Forming::belongs(const Uuid& cluster) {
  cluster_ = cluster;
  seeds_.clear();
  promises_.clear();
  founding_.clear();
  joining_.reset();
  said_.clear();
}

Probe Forming::question() const {
  return {.identity = start_.identity, .cluster = cluster_, .seeds = told_};
}

// Who asks is up: where nobody answered, it is asked again soon.
ProbeAnswer Forming::answer(const Probe& probe) {
  auto answer = question();
  if (done() || given_up_) return answer;
  if (probe.identity != start_.identity) {
    for (auto& seed : seeds_) {
      for (auto& target : seed.targets) {
        target.failures = std::min(target.failures, 1U);
        target.due = std::min(target.due, tick_ + config_.probe_ticks);
      }
    }
  }
  if (!founding_.empty()) {
    if (start_.mode != FormingMode::alone) answer.founding = founding_;
  } else if (!joining_) {
    if (const auto nodes = everybody()) {
      promise(*nodes);
      answer.founding = *nodes;
    }
  }
  return answer;
}

FormingEffects Forming::take_effects() {
  return std::exchange(effects_, {});
}

} // namespace callboard::membership
