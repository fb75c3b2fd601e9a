#include "tests/bench/cluster_cost/metadata.h"

#include <algorithm>
#include <utility>

#include "cluster/metadata/topic_changes.h"
#include "cluster/metadata/topic_commands.h"
#include "schema/assert.h"
#include "schema/record_batch.h"
#include "schema/rpc/translate.h"

namespace callboard::bench {
namespace {

using Doing = Meter::Doing;

constexpr TimestampMs wall = 1'700'000'000'000;

partition::ReplicaOptions options_of(const TopicRecord& record) {
  const auto config = metadata::parse_topic_config(record.configs, {});
  CB_ASSERT(config.ok());
  partition::ReplicaOptions options;
  options.message_bytes_max = static_cast<std::int32_t>(config->max_message_bytes);
  options.min_insync_replicas = static_cast<std::int32_t>(config->min_insync_replicas);
  return options;
}

} // namespace

// ---- the log

void Metadata::committed(const std::vector<LogEntry>& entries) {
  for (const auto& entry : entries) {
    if (entry.type != EntryType::batch) continue;
    const auto walked = for_each_record(entry.payload.view(), [&](const RecordView& record) {
      const auto decoded = [&] {
        const Doing doing(meter_, Part::records);
        return rpc::decode_metadata_record(record);
      }();
      CB_ASSERT(decoded.ok());
      apply(*decoded);
      return true;
    });
    CB_ASSERT(walked.ok());
  }
}

void Metadata::apply(const MetadataRecord& record) {
  {
    const Doing doing(meter_, Part::records);
    controller_.applying(image_, record);
    image_.apply(record);
  }
  if (const auto* topic = std::get_if<TopicRecord>(&record)) {
    run_topic(*topic);
  } else if (const auto* node = std::get_if<NodeRecord>(&record)) {
    {
      const Doing doing(meter_, Part::records);
      nodes_.push_back(*node);
    }
    if (node->id == self_ && ++own_records_ == 2) registered();
  } else if (std::holds_alternative<ControllersRecord>(record)) {
    place_metadata();
  } else if (const auto* placed = std::get_if<PlacementRecord>(&record)) {
    place(*placed);
  }
}

void Metadata::place(const PlacementRecord& record) {
  const auto found = image_.partition_of(record.group);
  CB_ASSERT(found);
  {
    const Doing doing(meter_, Part::topics);
    auto& known = partitions_.at(record.group);
    run_partition(known, record.placement);
    directory_.place(PartitionRef(known)); // a message to its loop has a copy
  }
  carry_out(options_of(*image_.topic(found->topic)));
}

void Metadata::run_topic(const TopicRecord& record) {
  std::vector<LeaderAnnouncement> early;
  const auto options = options_of(record);
  {
    const Doing doing(meter_, Part::topics);
    TopicRef topic;
    topic.record = std::make_shared<const TopicRecord>(record);
    topic.partitions.reserve(record.groups.size());
    for (std::size_t i = 0; i < record.groups.size(); ++i) {
      auto& known = partitions_[record.groups[i]];
      known.group = record.groups[i];
      run_partition(known, record.placement(i));
      topic.partitions.push_back(known);
    }
    directory_.add(TopicRef(topic)); // a message to its loop has a copy
    early = early_leaders_.take(record.groups);
  }
  carry_out(options);
  if (!early.empty()) note_leaders(early, {});
}

void Metadata::run_partition(PartitionRef& partition, const Placement& placement) {
  const bool running = partition.local && replicas_.has(partition.group);
  partition.replicas = placement.voters;
  partition.local = running || (registered_ && membership::names(placement, self_));
  if (running)
    to_place_.push_back({partition.group, placement});
  else if (partition.local)
    to_start_.push_back({partition.group, placement});
}

void Metadata::carry_out(const partition::ReplicaOptions& options) {
  if (to_start_.empty() && to_place_.empty()) return;
  const Doing doing(meter_, Part::replicas);
  for (const auto& [group, placement] : std::exchange(to_start_, {})) {
    replicas_.start(group, placement);
    replicas_.configure(group, options);
  }
  for (const auto& [group, placement] : std::exchange(to_place_, {})) {
    replicas_.configure(group, options);
    replicas_.place(group, placement);
  }
}

void Metadata::registered() {
  registered_ = true;
  std::vector<const TopicRecord*> begins;
  {
    const Doing doing(meter_, Part::topics);
    for (const auto& [name, record] : image_.topics())
      for (std::size_t i = 0; i < record.groups.size(); ++i)
        if (membership::names(record.placement(i), self_)) {
          begins.push_back(&record);
          break;
        }
  }
  for (const auto* record : begins) run_topic(*record);
}

// ---- who leads, who is there

void Metadata::led_by(const LeaderAnnouncement& announcement, Instant now) {
  if (announcement.term < term_) return;
  term_ = announcement.term;
  leader_ = announcement.leader;
  const Doing doing(meter_, Part::control);
  if (leaders_.learn(announcement) && leads()) controller_.heard(image_, announcement, now);
}

void Metadata::settled(Term term, Instant now) {
  settled_term_ = term_ = term;
  leader_ = self_;
  {
    const Doing doing(meter_, Part::control);
    controller_.begin(image_, alive_, now);
  }
  place_metadata();
}

void Metadata::place_metadata() {
  if (!leads() || !image_.controllers()) return;
  const Doing doing(meter_, Part::replicas);
  replicas_.place(metadata_group, *image_.controllers());
}

void Metadata::leaders(const std::vector<LeaderAnnouncement>& announcements, Instant now) {
  std::vector<LeaderAnnouncement> known;
  {
    const Doing doing(meter_, Part::leaders);
    for (const auto& announcement : announcements) {
      if (partitions_.contains(announcement.group)) {
        known.push_back(announcement);
        continue;
      }
      early_leaders_.keep(announcement);
    }
  }
  note_leaders(known, now);
}

void Metadata::note_leaders(const std::vector<LeaderAnnouncement>& announcements, Instant now) {
  std::vector<const LeaderAnnouncement*> news;
  {
    const Doing doing(meter_, Part::leaders);
    for (const auto& announcement : announcements) {
      directory_.announced(announcement);
      if (!leaders_.learn(announcement)) continue;
      auto& partition = partitions_.at(announcement.group);
      partition.term = announcement.term;
      partition.leader = announcement.leader;
      news.push_back(&announcement);
    }
  }
  if (!leads()) return;
  const Doing doing(meter_, Part::control);
  for (const auto* announcement : news) controller_.heard(image_, *announcement, now);
}

void Metadata::liveness(NodeId node, bool up, Instant now) {
  if (up)
    alive_.insert(node);
  else
    alive_.erase(node);
  if (!leads()) return;
  const Doing doing(meter_, Part::control);
  if (up)
    controller_.node_up(image_, node);
  else
    controller_.node_down(image_, node, now);
}

// ---- the controller

Metadata::Records Metadata::plan(const ControllerCommand& command) {
  const auto& liveness = controller_.liveness();
  if (const auto* creation = std::get_if<TopicCreation>(&command)) {
    Uuid id;
    ++topics_;
    for (std::size_t i = 0; i < sizeof(topics_); ++i) id.bytes[i] = static_cast<std::uint8_t>(topics_ >> (8 * i));
    return {*metadata::plan_create_topic(image_, creation->command, {}, liveness, id)};
  }
  if (const auto* alteration = std::get_if<TopicAlteration>(&command))
    return {*metadata::plan_alter_topic(image_, alteration->command, {})};
  return *metadata::plan_registration_records(image_, std::get<NodeRegistration>(command).node, liveness);
}

Metadata::Records Metadata::next_records(Instant now) {
  const Doing doing(meter_, Part::control);
  if (!commands_.empty()) {
    const auto command = std::move(commands_.front());
    commands_.pop_front();
    return plan(command);
  }
  auto step = controller_.step(image_, now);
  transfers_.insert(transfers_.end(), step.transfers.begin(), step.transfers.end());
  return std::move(step.records);
}

void Metadata::look(Instant now) {
  if (!leads()) return;
  const Doing doing(meter_, Part::control);
  controller_.tick(image_, now);
}

bool Metadata::work(Instant now) {
  Records records;
  while (leads() && !executing_ && records.empty() && (!commands_.empty() || controller_.has_work(now)))
    records = next_records(now);
  if (records.empty()) return false;
  propose(records);
  return true;
}

void Metadata::propose(const Records& records) {
  executing_ = true;
  partition::ProduceCommand command;
  {
    const Doing doing(meter_, Part::records);
    BatchBuilder builder(wall);
    for (const auto& record : records) rpc::add_metadata_record(builder, record, wall);
    command.batch = builder.finish();
    command.header = read_batch_header(command.batch.view()).value();
  }
  const Doing doing(meter_, Part::replicas);
  replicas_.produce(std::move(command), wall);
}

NodeId Metadata::leader_of(GroupId group) const {
  const auto* known = leaders_.find(group);
  return known == nullptr ? no_node : known->leader;
}

std::size_t Metadata::partitions_led() const {
  return static_cast<std::size_t>(std::count_if(partitions_.begin(), partitions_.end(), [&](const auto& partition) {
    return alive_.contains(partition.second.leader);
  }));
}

} // namespace callboard::bench
