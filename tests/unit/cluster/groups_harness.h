#pragma once

#include <boost/test/unit_test.hpp>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cluster/groups/group.h"
#include "schema/group_rows.h"
#include "tests/unit/schema/printing.h"

namespace callboard::groups {
inline std::ostream& boost_test_print_type(std::ostream& out, GroupState state) {
  return out << name_of(state);
}
} // namespace callboard::groups

namespace callboard::test {

using namespace groups;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Joining {
  std::string member_id = {};
  std::string metadata = "sub";
  std::optional<std::string> instance_id = {};
  std::vector<std::string> protocols = {"range"};
  bool require_known_member = false;
  bool can_skip_assignment = true;
  std::int32_t session_timeout_ms = 10'000;
  std::int32_t rebalance_timeout_ms = 60'000;
  std::string reason = {};
  std::string protocol_type = "consumer";
};

inline Uuid topic_id(std::uint8_t n) {
  Uuid id;
  id.bytes[0] = n;
  return id;
}

// What a consumer sends: version 0, its topics, no user data.
inline std::string subscription(const std::vector<std::string>& topics) {
  std::string out("\0\0\0\0\0", 5);
  out.push_back(static_cast<char>(topics.size()));
  for (const auto& topic : topics) {
    out.push_back('\0');
    out.push_back(static_cast<char>(topic.size()));
    out += topic;
  }
  return out + "\xff\xff\xff\xff";
}

// A group beside a clock, a disk that is as slow as the test wants, and every answer it gave.
struct GroupHarness {
  GroupOptions options;
  Group group{"g"};
  Moment now{Instant{1'000'000'000}, 1'600'000'000'000};
  std::deque<GroupWrite> writes; // not yet answered
  std::map<std::string, std::variant<std::monostate, GroupRecord, OffsetRecord>> disk;
  std::map<WaiterId, JoinOutcome> joined;
  std::map<WaiterId, SyncOutcome> synced;
  std::map<WaiterId, OffsetsOutcome> committed;
  std::map<WaiterId, DeleteGroupOutcome> deleted;
  WaiterId last_waiter = 0;
  int members_made = 0;

  void restart(const GroupOptions& with) {
    options = with;
    group = Group("g", options);
  }

  void collect() {
    auto effects = group.take_effects();
    for (auto& write : effects.writes) writes.push_back(std::move(write));
    for (auto& out : effects.joined) BOOST_REQUIRE(joined.emplace(out.waiter, out).second);
    for (auto& out : effects.synced) BOOST_REQUIRE(synced.emplace(out.waiter, out).second);
    for (auto& out : effects.committed) BOOST_REQUIRE(committed.emplace(out.waiter, out).second);
    for (auto& out : effects.offsets_deleted) BOOST_REQUIRE(committed.emplace(out.waiter, out).second);
    for (auto& out : effects.deleted) BOOST_REQUIRE(deleted.emplace(out.waiter, out).second);
  }

  WaiterId join(const Joining& joining) {
    JoinCommand command;
    command.waiter = ++last_waiter;
    command.member_id = joining.member_id;
    command.fresh_member_id = "m" + std::to_string(++members_made);
    command.instance_id = joining.instance_id;
    command.client_id = "client";
    command.client_host = "host";
    command.session_timeout_ms = joining.session_timeout_ms;
    command.rebalance_timeout_ms = joining.rebalance_timeout_ms;
    command.protocol_type = joining.protocol_type;
    for (const auto& name : joining.protocols)
      command.protocols.push_back({name, SharedBytes::copy_of(joining.metadata)});
    command.reason = joining.reason;
    command.require_known_member = joining.require_known_member;
    command.can_skip_assignment = joining.can_skip_assignment;
    group.join(std::move(command), now);
    collect();
    return last_waiter;
  }

  WaiterId sync(const std::string& member_id, std::int32_t generation,
                const std::vector<std::pair<std::string, std::string>>& assignments = {},
                std::optional<std::string> instance_id = {}) {
    SyncCommand command;
    command.waiter = ++last_waiter;
    command.generation = generation;
    command.member_id = member_id;
    command.instance_id = std::move(instance_id);
    for (const auto& [id, bytes] : assignments) command.assignments.push_back({id, SharedBytes::copy_of(bytes)});
    group.sync(std::move(command), now);
    collect();
    return last_waiter;
  }

  ErrorCode heartbeat(const std::string& member_id, std::int32_t generation,
                      std::optional<std::string> instance_id = {}) {
    const auto done = group.heartbeat({generation, member_id, std::move(instance_id)}, now);
    collect();
    return done ? ErrorCode::none : done.error().code;
  }

  ErrorCode leave(const std::string& member_id, std::optional<std::string> instance_id = {}, std::string reason = {}) {
    const auto out = group.leave({{member_id, std::move(instance_id), std::move(reason)}}, now);
    collect();
    return out.error == ErrorCode::none ? out.members.at(0) : out.error;
  }

  WaiterId commit(std::int64_t offset, const std::string& member_id = {}, std::int32_t generation = -1,
                  const std::string& topic = "orders", std::int32_t partition = 0, std::string metadata = {}) {
    CommitCommand command;
    command.waiter = ++last_waiter;
    command.generation = generation;
    command.member_id = member_id;
    command.partitions.push_back({topic, topic_id(1), partition, Offset(offset), -1, std::move(metadata)});
    group.commit(std::move(command), now);
    collect();
    return last_waiter;
  }

  std::int64_t committed_offset(const std::string& topic = "orders", std::int32_t partition = 0) {
    const auto fetched = group.fetch_offsets({{{{topic, partition}}}, true});
    BOOST_REQUIRE(fetched.error == ErrorCode::none);
    return fetched.offsets.at(0).offset.value;
  }

  WaiterId delete_offsets(const std::vector<TopicPartition>& partitions) {
    group.delete_offsets({++last_waiter, partitions});
    collect();
    return last_waiter;
  }

  WaiterId delete_group() {
    group.delete_group(++last_waiter);
    collect();
    return last_waiter;
  }

  // The oldest write reaches the disk.
  void write() {
    BOOST_REQUIRE(!writes.empty());
    auto write = std::move(writes.front());
    writes.pop_front();
    store(write);
    group.written(write.sequence, now);
    collect();
  }
  void write_all() {
    while (!writes.empty()) write();
  }
  // The oldest write fails; `reached_log`: and is there all the same.
  void fail(ErrorCode code, bool reached_log = false) {
    BOOST_REQUIRE(!writes.empty());
    auto write = std::move(writes.front());
    writes.pop_front();
    if (reached_log) store(write);
    group.write_failed(write.sequence, {code, "the disk is full"}, now);
    collect();
  }
  void store(const GroupWrite& write) {
    for (const auto& row : write.rows) {
      if (std::holds_alternative<std::monostate>(row.value)) {
        disk.erase(row.key);
      } else {
        disk[row.key] = row.value;
      }
    }
  }

  // Time passes; the timer fires whenever it is due.
  void pass(Duration duration) {
    const auto end = now.at + duration;
    while (true) {
      const auto due = group.next_deadline();
      if (!due || *due > end) break;
      move_to(std::max(*due, now.at));
      group.expire(now);
      collect();
      const auto next = group.next_deadline();
      BOOST_REQUIRE_MESSAGE(!next || *next > now.at, "the group leaves a deadline behind that has passed");
    }
    move_to(end);
  }
  void move_to(Instant at) {
    now.wall += std::chrono::duration_cast<milliseconds>(at - now.at).count();
    now.at = at;
  }

  GroupRows rows() const {
    GroupRows out;
    for (const auto& [key, value] : disk) {
      const auto parsed = parse_group_key(bytes_of(key));
      BOOST_REQUIRE(parsed.has_value());
      if (const auto* row = std::get_if<GroupRecord>(&value)) out.group = *row;
      if (const auto* row = std::get_if<OffsetRecord>(&value)) {
        const auto& place = std::get<OffsetRowKey>(*parsed);
        out.offsets.push_back({{place.topic, place.partition}, *row});
      }
    }
    return out;
  }
  Group reloaded(const Group::TopicIds& topics = [](const std::string&) { return topic_id(1); }) const {
    Group other("g", options);
    other.load(rows(), topics, now);
    return other;
  }

  // Members in the order given, all with these options; leads: the first. Stable.
  std::vector<std::string> form(std::vector<Joining> joinings) {
    std::vector<WaiterId> waiters;
    for (const auto& joining : joinings) waiters.push_back(join(joining));
    pass(options.initial_rebalance_delay);
    return finish_joins(waiters);
  }
  // The joins are answered: the leader assigns each member its own id.
  std::vector<std::string> finish_joins(const std::vector<WaiterId>& waiters) {
    std::vector<std::string> ids;
    std::vector<std::pair<std::string, std::string>> assignments;
    for (const auto waiter : waiters) {
      BOOST_REQUIRE(joined.contains(waiter));
      BOOST_REQUIRE(joined[waiter].error == ErrorCode::none);
      ids.push_back(joined[waiter].member_id);
      assignments.emplace_back(ids.back(), "assigned to " + ids.back());
    }
    const auto generation = joined[waiters.front()].generation;
    const auto leader = joined[waiters.front()].leader;
    for (const auto& id : ids) {
      if (id == leader) sync(id, generation, assignments);
    }
    for (const auto& id : ids) {
      if (id != leader) sync(id, generation);
    }
    write_all();
    BOOST_REQUIRE(group.state() == GroupState::stable);
    return ids;
  }

  ErrorCode join_error(WaiterId waiter) {
    BOOST_REQUIRE(joined.contains(waiter));
    BOOST_TEST((joined[waiter].error == ErrorCode::none || !joined[waiter].message.empty()));
    return joined[waiter].error;
  }
  ErrorCode sync_error(WaiterId waiter) {
    BOOST_REQUIRE(synced.contains(waiter));
    return synced[waiter].error;
  }
  ErrorCode commit_error(WaiterId waiter) {
    BOOST_REQUIRE(committed.contains(waiter));
    return committed[waiter].error != ErrorCode::none ? committed[waiter].error : committed[waiter].partitions.at(0);
  }
  std::string cause() const { return group.describe().cause.sentence; }
};

} // namespace callboard::test
