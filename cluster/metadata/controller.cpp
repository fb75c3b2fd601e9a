#include "cluster/metadata/controller.h"

#include <algorithm>
#include <utility>

#include "schema/internal_topics.h"

namespace callboard::metadata {
namespace {

constexpr int rebalance_rounds_max = 8;

bool any_of(const Placement& placement, auto predicate) {
  return std::any_of(placement.voters.begin(), placement.voters.end(), predicate) ||
         std::any_of(placement.learners.begin(), placement.learners.end(), predicate);
}

} // namespace

// One step's work.
struct Controller::Visit {
  const Image& image;
  PlacementView view;
  std::uint64_t fair_share;
  Instant now;
  std::size_t topics = 0;
  std::size_t partitions = 0;
  std::size_t opened = 0;   // moves
  std::set<Uuid> changed{}; // topics
  std::vector<PlacementRecord> records{};
  MoveReason reason = MoveReason::factor;
};

// ---- events

void Controller::begin(const Image& image, std::set<NodeId> alive, Instant now) {
  *this = Controller(*leaders_, settings_);
  ticked_at_ = now;
  liveness_.alive = std::move(alive);
  for (const auto& [id, record] : image.nodes()) {
    if (record.status == NodeStatus::removed) continue;
    if (!liveness_.alive.contains(id)) away_since_[id] = now;
    if (record.status == NodeStatus::draining) most_left_[id] = image.load(id).replicas;
  }
  const auto look_at = [&](GroupId group, const Placement& placement) {
    const auto* known = leaders_->find(group);
    if (known == nullptr ? !placement.original : !is_settled(*known, placement))
      moves_.open(group, reason_of(image, known), is_stuck(placement));
    if (known != nullptr && group != metadata_group) consider_transfer(group, placement.voters.front(), now);
  };
  for (const auto& [name, topic] : image.topics())
    for (std::size_t i = 0; i < topic.groups.size(); ++i) look_at(topic.groups[i], topic.placement(i));
  if (image.controllers()) look_at(metadata_group, *image.controllers());
  check_controllers_ = true;
  start_round();
}

// Of a move that another controller began.
MoveReason Controller::reason_of(const Image& image, const LeaderAnnouncement* known) const {
  if (known == nullptr) return MoveReason::by_hand;
  const auto [reason, node] = why(image, {known->voters, known->learners});
  return node == no_node ? MoveReason::by_hand : reason;
}

void Controller::node_up(const Image& image, NodeId node) {
  liveness_.alive.insert(node);
  liveness_.gone.erase(node);
  away_since_.erase(node);
  recheck_moves(image);
  check_controllers_ = true;
  start_round();
}

void Controller::node_down(const Image& image, NodeId node, Instant now) {
  if (liveness_.alive.erase(node) == 0) return;
  away_since_[node] = now;
  recheck_moves(image);
}

void Controller::tick(const Image& image, Instant now) {
  held_up_ = false;
  ticked_at_ = now;
  for (const auto& [node, since] : away_since_) {
    if (now - since < settings_.replace_after || !liveness_.gone.insert(node).second) continue;
    most_left_[node] = image.load(node).replicas;
    check_controllers_ = true;
    start_round();
  }
}

void Controller::applying(const Image& before, const MetadataRecord& record) {
  if (const auto* topic = std::get_if<TopicRecord>(&record)) {
    if (const auto* known = before.topic(topic->id)) topic_changes(*known, *topic);
  } else if (const auto* removed = std::get_if<TopicRemovedRecord>(&record)) {
    if (const auto* known = before.topic(removed->id))
      for (const GroupId group : known->groups) moves_.drop(group);
    waits_.erase(removed->id);
    revisit_.erase(removed->id);
  } else if (const auto* node = std::get_if<NodeRecord>(&record)) {
    if (node->status == NodeStatus::draining) most_left_.try_emplace(node->id, before.load(node->id).replicas);
    if (node->status == NodeStatus::active && !liveness_.gone.contains(node->id)) most_left_.erase(node->id);
    node_changes(before.node(node->id), *node);
  } else if (const auto* controllers = std::get_if<ControllersRecord>(&record)) {
    placed(metadata_group, controllers->placement);
  } else if (const auto* moved = std::get_if<PlacementRecord>(&record)) {
    const auto now = before.placement_of(moved->group);
    if (now) placement_changes(before.partition_of(moved->group)->topic, moved->group, *now, moved->placement);
    continue_rebalance();
  }
}

void Controller::topic_changes(const TopicRecord& before, const TopicRecord& after) {
  for (std::size_t i = 0; i < before.groups.size() && i < after.groups.size(); ++i)
    placement_changes(after.id, after.groups[i], before.placement(i), after.placement(i));
  continue_rebalance();
}

void Controller::placement_changes(const Uuid& topic, GroupId group, const Placement& before, const Placement& after) {
  // Somebody moved it by hand, perhaps to fewer than it should have, or prefers another leader.
  if (before != after && !reasons_.contains(group)) revisit_.insert(topic);
  if (!same_replicas(before, after)) placed(group, after);
  reasons_.erase(group);
}

void Controller::node_changes(const NodeRecord* before, const NodeRecord& after) {
  // It may be gone before anybody hears it, and is never down then.
  if (before == nullptr && !liveness_.alive.contains(after.id)) away_since_.try_emplace(after.id, ticked_at_);
  if (after.status == NodeStatus::removed) {
    liveness_.alive.erase(after.id);
    liveness_.gone.erase(after.id);
    away_since_.erase(after.id);
    most_left_.erase(after.id);
  }
  if (before != nullptr && before->status == after.status) return;
  check_controllers_ = true;
  start_round();
}

void Controller::placed(GroupId group, const Placement& placement) {
  const auto given_out = reasons_.find(group);
  const auto reason = given_out == reasons_.end() ? MoveReason::by_hand : given_out->second;
  const auto* known = leaders_->find(group);
  if (known != nullptr && is_settled(*known, placement))
    moves_.close(group); // a cancelled one that had not begun
  else
    moves_.open(group, reason, is_stuck(placement));
  reasons_.erase(group);
}

void Controller::heard(const Image& image, const LeaderAnnouncement& announcement, Instant now) {
  const auto placement = image.placement_of(announcement.group);
  if (!placement) return;
  if (is_settled(announcement, *placement))
    moves_.close(announcement.group);
  else if (!moves_.contains(announcement.group))
    moves_.open(announcement.group, MoveReason::by_hand, is_stuck(*placement));
  continue_rebalance();
  const auto partition = image.partition_of(announcement.group);
  if (!partition) return;
  const auto waits = waits_.find(partition->topic);
  if (waits != waits_.end() && std::any_of(waits->second.begin(), waits->second.end(),
                                           [](const Wait& wait) { return wait.obstacle == Obstacle::no_leader; }))
    revisit_.insert(partition->topic);
  consider_transfer(announcement.group, placement->voters.front(), now);
}

bool Controller::is_stuck(const Placement& placement) const {
  return any_of(placement, [&](NodeId node) { return !liveness_.alive.contains(node); });
}

void Controller::recheck_moves(const Image& image) {
  moves_.recheck([&](GroupId group) {
    const auto placement = image.placement_of(group);
    return placement && is_stuck(*placement);
  });
  continue_rebalance();
}

// ---- rounds

void Controller::start_round() {
  round_.going_on = true;
  round_.wrapped = false;
  round_.end = round_.next;
}

// Names may come and go between the steps; where the round was is a name, not an iterator.
const TopicRecord* Controller::next_topic(const Image& image) {
  if (!round_.going_on) return nullptr;
  auto found = image.topics().lower_bound(round_.next);
  if (found == image.topics().end() && !round_.wrapped) {
    round_.wrapped = true;
    round_.next.clear();
    found = image.topics().begin();
  }
  if (found != image.topics().end() && !(round_.wrapped && found->first >= round_.end)) return &found->second;
  finish_round();
  return nullptr;
}

void Controller::finish_round() {
  round_ = {};
  rebalance_.looked = true;
  continue_rebalance();
}

// Round after round until one changes nothing, each once what the last one moved has arrived: a
// group on the move is left alone.
void Controller::continue_rebalance() {
  if (!rebalance_.asked || !rebalance_.looked || round_.going_on) return;
  if (!reasons_.empty() || moves_.open(MoveReason::rebalance) > moves_.stuck(MoveReason::rebalance)) return;
  rebalance_.asked = rebalance_.changed > 0 && ++rebalance_.rounds < rebalance_rounds_max;
  rebalance_.changed = 0;
  rebalance_.looked = false;
  if (rebalance_.asked) start_round();
}

bool Controller::has_work(Instant now) const {
  if (held_up_) return false;
  if (check_controllers_ || (!due_.empty() && due_.front().first <= now)) return true;
  return (round_.going_on || !revisit_.empty()) && moves_.going_on() < settings_.moves_max;
}

ControllerStep Controller::step(const Image& image, Instant now) {
  ControllerStep out;
  collect_transfers(image, now, out.transfers);
  if (std::exchange(check_controllers_, false)) {
    if (auto record = plan_controllers(image, liveness_)) out.records.emplace_back(std::move(*record));
  }
  if (!round_.going_on && revisit_.empty()) return out;
  Visit visit{image, PlacementView(image, liveness_), 0, now};
  visit.fair_share = visit.view.fair_share();
  while (visit.topics < settings_.topics_per_step && visit.partitions < settings_.partitions_per_step &&
         moves_.going_on() + visit.opened < settings_.moves_max) {
    const bool again = !revisit_.empty();
    const auto* topic = again ? image.topic(*revisit_.begin()) : next_topic(image);
    if (again && topic == nullptr) { // it is no more
      revisit_.erase(revisit_.begin());
      continue;
    }
    if (topic == nullptr || visit.changed.contains(topic->id)) break;
    ++visit.topics;
    const auto known = visit.records.size();
    const bool whole = this->visit(*topic, visit);
    if (visit.records.size() > known) visit.changed.insert(topic->id);
    if (!whole) break;
    if (again)
      revisit_.erase(topic->id);
    else
      round_.next = topic->name + '\0';
  }
  out.records.insert(out.records.end(), visit.records.begin(), visit.records.end());
  return out;
}

void Controller::refused() {
  reasons_.clear();
  check_controllers_ = held_up_ = true;
  start_round();
}

// Whether the topic was seen to its end.
bool Controller::visit(const TopicRecord& topic, Visit& visit) {
  waits_.erase(topic.id);
  const bool grows = topic.default_factor || is_internal_topic(topic.name);
  visit.partitions += topic.groups.size();
  for (std::size_t i = 0; i < topic.groups.size(); ++i)
    if (!visit_partition(topic, i, grows, visit)) return false;
  return true;
}

bool Controller::visit_partition(const TopicRecord& topic, std::size_t index, bool grows, Visit& visit) {
  const auto group = topic.groups[index];
  const auto now = topic.placement(index);
  consider_transfer(group, now.voters.front(), visit.now);
  if (visit.records.size() >= settings_.records_per_step) return false;
  const auto next = planned(topic, index, now, grows, visit);
  if (!next) return true;
  if (!same_replicas(now, *next) && !moves_.contains(group)) {
    if (moves_.going_on() + visit.opened >= settings_.moves_max) return false;
    ++visit.opened;
  }
  visit.records.push_back({group, *next});
  visit.view.remove(now);
  visit.view.add(*next);
  reasons_[group] = visit.reason;
  if (visit.reason == MoveReason::rebalance) ++rebalance_.changed;
  return true;
}

std::optional<Placement> Controller::planned(const TopicRecord& topic, std::size_t index, const Placement& now,
                                             bool grows, Visit& visit) {
  const auto group = topic.groups[index];
  const auto seed = spread_seed(group);
  auto change = change_placement(visit.view, now, wanted_factor(visit.view, now, grows), seed);
  if (change.placement || change.obstacle != Obstacle::none) {
    const auto [reason, node] = why(visit.image, now);
    visit.reason = reason;
    if (!has_live_leader(group)) change = {std::nullopt, Obstacle::no_leader, node};
    if (change.obstacle != Obstacle::none)
      note_wait(topic.id, {change.obstacle, reason, change.node == no_node ? node : change.node, 1});
    return std::move(change.placement);
  }
  if (!rebalance_.asked || moves_.contains(group) || !has_live_leader(group)) return std::nullopt;
  visit.reason = MoveReason::rebalance;
  return even_out(visit.view, now, visit.fair_share, seed);
}

std::pair<MoveReason, NodeId> Controller::why(const Image& image, const Placement& now) const {
  std::pair<MoveReason, NodeId> found{MoveReason::factor, no_node};
  (void)any_of(now, [&](NodeId node) {
    const auto* record = image.node(node);
    if (record == nullptr || record->status != NodeStatus::active)
      found = {MoveReason::drain, node};
    else if (liveness_.gone.contains(node))
      found = {MoveReason::replace, node};
    return found.second != no_node;
  });
  return found;
}

bool Controller::has_live_leader(GroupId group) const {
  const auto* known = leaders_->find(group);
  return known != nullptr && liveness_.alive.contains(known->leader);
}

void Controller::note_wait(const Uuid& topic, const Wait& wait) {
  auto& waits = waits_[topic];
  for (auto& known : waits)
    if (known.obstacle == wait.obstacle && known.what == wait.what && known.node == wait.node) {
      ++known.partitions;
      return;
    }
  waits.push_back(wait);
}

void Controller::rebalance() {
  rebalance_ = {.asked = true};
  start_round();
}

bool Controller::cancel_rebalance() {
  return std::exchange(rebalance_.asked, false);
}

// ---- preferred leaders

// Not at once: a node that just came up has more to do, and one that comes and goes should not
// take its leaders with it each time.
void Controller::consider_transfer(GroupId group, NodeId preferred, Instant now) {
  const auto* known = leaders_->find(group);
  if (known == nullptr || known->leader == preferred || !liveness_.alive.contains(preferred)) return;
  if (std::find(known->in_sync.begin(), known->in_sync.end(), preferred) == known->in_sync.end()) return;
  if (queued_.insert(group).second) due_.emplace_back(now + settings_.preferred_leader_after, group);
}

void Controller::collect_transfers(const Image& image, Instant now, std::vector<LeaderTransfer>& transfers) {
  while (!due_.empty() && due_.front().first <= now && transfers.size() < settings_.transfers_per_step) {
    const auto group = due_.front().second;
    due_.pop_front();
    queued_.erase(group);
    const auto transfer = plan_preferred_leader(image, *leaders_, liveness_, group);
    if (!transfer) continue;
    transfers.push_back(*transfer);
    consider_transfer(group, transfer->to, now); // should it fail
  }
}

} // namespace callboard::metadata
