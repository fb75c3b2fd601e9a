// Clients that come, go, crash, lose answers and repeat themselves, over a log that fails now
// and then and a coordinator that moves. CALLBOARD_SEED=N repeats one run.
#include <cstdlib>
#include <random>
#include <set>

#include "groups_harness.h"

namespace callboard::test {
namespace {

constexpr int steps_per_run = 600;
constexpr int runs = 150;
constexpr std::size_t clients = 6;

struct Client {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::int32_t generation = -1;
  std::string metadata = "sub";
  std::vector<std::string> to_assign; // as the leader
};

std::string assignment_of(std::int32_t generation) {
  return "of generation " + std::to_string(generation);
}

class RandomGroup {
public:
  explicit RandomGroup(std::uint64_t seed) : random_(seed), clients_(clients) {
    clients_[0].instance_id = "i0";
    clients_[1].instance_id = "i1";
    node_.options.members_max = 5;
    node_.restart(node_.options);
  }

  void run() {
    for (int step = 0; step < steps_per_run; ++step) {
      act(clients_[pick(clients_.size())]);
      look_at_answers();
      check();
    }
    move();
    for (const auto waiter : waiting_) BOOST_TEST(answered(waiter), "waiter " << waiter << " was forgotten");
  }

private:
  std::uint64_t pick(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }
  bool chance(std::uint64_t percent) { return pick(100) < percent; }

  void act(Client& client) {
    const auto dice = pick(100);
    if (dice < 25) {
      join(client);
    } else if (dice < 40) {
      sync(client);
    } else if (dice < 50) {
      node_.heartbeat(client.member_id, client.generation, client.instance_id);
    } else if (dice < 53) {
      node_.leave(client.member_id, client.instance_id);
    } else if (dice < 60) {
      commit(client);
    } else if (dice < 61) {
      if (node_.group.state() == GroupState::empty) acked_ = -1;
      expect(node_.delete_group());
    } else if (dice < 62) {
      move();
    } else if (dice < 85) {
      finish_a_write();
    } else {
      node_.pass(milliseconds(pick(chance(10) ? 60'000 : 1'000)));
    }
  }

  void expect(WaiterId waiter) { waiting_.insert(waiter); }
  bool answered(WaiterId waiter) const {
    return node_.joined.contains(waiter) || node_.synced.contains(waiter) || node_.committed.contains(waiter) ||
           node_.deleted.contains(waiter);
  }

  void join(Client& client) {
    if (chance(10)) client.metadata = "sub" + std::to_string(pick(3));
    if (chance(20)) client.member_id.clear(); // a new process
    const auto waiter = node_.join(
        {.member_id = client.member_id,
         .metadata = client.metadata,
         .instance_id = client.instance_id,
         .protocols = chance(80) ? std::vector<std::string>{"range", "sticky"} : std::vector<std::string>{"sticky"},
         .require_known_member = chance(50),
         .can_skip_assignment = chance(50),
         .rebalance_timeout_ms = 5'000});
    expect(waiter);
    joins_[waiter] = static_cast<std::size_t>(&client - clients_.data());
  }

  // Every assignment names its generation.
  void sync(Client& client) {
    std::vector<std::pair<std::string, std::string>> assignments;
    const auto text = assignment_of(client.generation);
    for (const auto& id : client.to_assign) assignments.emplace_back(id, text);
    const auto waiter = node_.sync(client.member_id, client.generation, assignments, client.instance_id);
    expect(waiter);
    syncs_[waiter] = text;
  }
  void commit(Client& client) {
    const bool simple = chance(30);
    const auto offset = ++newest_offset_;
    const auto waiter = simple ? node_.commit(offset) : node_.commit(offset, client.member_id, client.generation);
    expect(waiter);
    commits_[waiter] = offset;
  }

  void finish_a_write() {
    if (node_.writes.empty()) return;
    const bool group_row = std::any_of(node_.writes.front().rows.begin(), node_.writes.front().rows.end(),
                                       [](const GroupRowChange& row) { return row.key == group_row_key("g"); });
    const bool fails = chance(15);
    if (group_row) row_in_doubt_ = fails;
    if (fails) {
      node_.fail(chance(50) ? ErrorCode::request_timed_out : ErrorCode::not_leader_or_follower, chance(50));
    } else {
      node_.write();
    }
  }

  // Another coordinator takes over; what was on its way may still be in the log.
  void move() {
    node_.group.resign();
    node_.collect();
    look_at_answers();
    while (!node_.writes.empty() && chance(50)) {
      node_.store(node_.writes.front());
      node_.writes.pop_front();
    }
    node_.writes.clear();
    node_.group = node_.reloaded();
    row_in_doubt_ = false;
  }

  void look_at_answers() {
    for (auto at = joins_.begin(); at != joins_.end();) {
      const auto found = node_.joined.find(at->first);
      if (found == node_.joined.end()) {
        ++at;
        continue;
      }
      if (!chance(15)) learn(clients_[at->second], found->second); // else: lost on the way
      at = joins_.erase(at);
    }
    for (const auto& [waiter, text] : syncs_) {
      const auto found = node_.synced.find(waiter);
      if (found == node_.synced.end() || found->second.error != ErrorCode::none) continue;
      const auto got = found->second.assignment.text();
      BOOST_TEST((got.empty() || got == text), "asked for " << text << ", got that of " << got);
    }
    std::erase_if(syncs_, [this](const auto& sync) { return node_.synced.contains(sync.first); });
    for (const auto& [waiter, offset] : commits_) {
      const auto found = node_.committed.find(waiter);
      const bool good = found != node_.committed.end() && found->second.error == ErrorCode::none;
      if (good && node_.group.state() != GroupState::dead) acked_ = std::max(acked_, offset);
    }
    std::erase_if(commits_, [this](const auto& commit) { return node_.committed.contains(commit.first); });
  }

  void learn(Client& client, const JoinOutcome& outcome) {
    if (outcome.error == ErrorCode::member_id_required) client.member_id = outcome.member_id;
    if (outcome.error == ErrorCode::unknown_member_id) client.member_id.clear();
    if (outcome.error != ErrorCode::none) return;
    BOOST_TEST(!outcome.protocol_name.empty());
    BOOST_TEST((outcome.members.empty() || outcome.leader == outcome.member_id));
    client.member_id = outcome.member_id;
    client.generation = outcome.generation;
    client.to_assign.clear();
    for (const auto& member : outcome.members) client.to_assign.push_back(member.member_id);
  }

  void check() {
    std::set<std::string> instances;
    for (const auto& [id, member] : node_.group.members()) {
      BOOST_TEST(id == member.id);
      BOOST_TEST((!member.instance_id || instances.insert(*member.instance_id).second));
      const auto of_this = assignment_of(node_.group.describe().generation);
      if (node_.group.state() == GroupState::stable && !member.assignment.empty())
        BOOST_TEST(member.assignment.text() == of_this);
    }
    const bool going = node_.group.state() == GroupState::dead;
    if (!going) BOOST_TEST(node_.committed_offset() >= acked_);
    const auto state = node_.group.state();
    if (!node_.writes.empty() || row_in_doubt_ || (state != GroupState::stable && state != GroupState::empty)) return;
    auto loaded = node_.reloaded();
    BOOST_TEST(loaded.fetch_offsets({{{{"orders", 0}}}, false}).offsets[0].offset.value >= acked_);
    check_same(node_.group.describe(), loaded.describe());
  }

  static void check_same(const GroupDescription& memory, const GroupDescription& disk) {
    BOOST_TEST(memory.state == disk.state);
    BOOST_TEST(memory.generation == disk.generation);
    BOOST_TEST(memory.leader == disk.leader);
    BOOST_TEST(memory.protocol_name == disk.protocol_name);
    BOOST_TEST(memory.state_time == disk.state_time);
    BOOST_REQUIRE(memory.members.size() == disk.members.size());
    for (std::size_t i = 0; i < memory.members.size(); ++i) {
      BOOST_TEST(memory.members[i].member_id == disk.members[i].member_id);
      BOOST_TEST((memory.members[i].instance_id == disk.members[i].instance_id));
      BOOST_TEST(memory.members[i].metadata.text() == disk.members[i].metadata.text());
      BOOST_TEST(memory.members[i].assignment.text() == disk.members[i].assignment.text());
    }
  }

  std::mt19937_64 random_;
  GroupHarness node_;
  std::vector<Client> clients_;
  std::set<WaiterId> waiting_;
  std::map<WaiterId, std::size_t> joins_;
  std::map<WaiterId, std::string> syncs_;
  std::map<WaiterId, std::int64_t> commits_;
  std::int64_t newest_offset_ = 0;
  std::int64_t acked_ = -1;
  bool row_in_doubt_ = false;
};

BOOST_AUTO_TEST_SUITE(groups_random)

BOOST_AUTO_TEST_CASE(what_holds_holds_in_any_order) {
  const char* one = std::getenv("CALLBOARD_SEED");
  const std::uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const std::uint64_t last = one != nullptr ? first : runs;
  for (auto seed = first; seed <= last; ++seed) {
    BOOST_TEST_CONTEXT("CALLBOARD_SEED=" << seed) {
      RandomGroup(seed).run();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::test
