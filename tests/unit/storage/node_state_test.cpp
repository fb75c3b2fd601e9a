#include "storage/node_state.h"

#include "fixture.h"
#include "storage/keys.h"
#include "storage/lmdb.h"

namespace callboard::storage {
namespace {

GroupRecord make_record(std::uint64_t group) {
  GroupRecord record;
  record.group = GroupId(group);
  record.hard = {Term(5), NodeId(2), {{NodeId(1), NodeId(2), NodeId(3)}}};
  SegmentInfo closed{SegmentId(1), RaftIndex(1), Offset(0), true, 100, 200, 4096, 300};
  SegmentInfo active{SegmentId(2), RaftIndex(9), Offset(70), false, 150};
  record.manifest = {{closed, active}, SegmentId(3), Offset(4), RaftIndex(12)};
  return record;
}

bool same(const GroupRecord& a, const GroupRecord& b) {
  return a.group == b.group && a.hard == b.hard && a.manifest == b.manifest;
}

Status put(NodeState& node, const GroupRecord& record) {
  const GroupUpdate update{record.group, record.hard, record.manifest, false};
  return node.commit({&update, 1});
}

// Writes `row` as the node's row `key` while nobody has the directory open.
void overwrite_row(const std::string& directory, std::string_view key, ByteView row) {
  auto env = must(Env::open({directory + "/node-state.mdb", 1 << 30, 2, true}));
  Txn txn(*env, Txn::Kind::write);
  MDB_dbi table = 0;
  BOOST_REQUIRE_EQUAL(txn.open_table(node_table, 0, table), 0);
  BOOST_REQUIRE_EQUAL(txn.put(table, bytes_of(key), bytes_of(seal_row(key, row))), 0);
  BOOST_REQUIRE_EQUAL(txn.commit(), 0);
}

void pretend_other_boot(const std::string& directory, bool clean) {
  const std::string boot = std::string(36, '0') + (clean ? '\1' : '\0') + std::string(8, '\0');
  overwrite_row(directory, "boot", bytes_of(boot));
}

BOOST_AUTO_TEST_SUITE(node_state)

BOOST_AUTO_TEST_CASE(records_survive_reopening_and_unset_parts_stay) {
  TemporaryDirectory directory;
  auto node = must(NodeState::open(directory.path()));
  BOOST_TEST(!must(node->read(GroupId(3))));
  must(put(*node, make_record(3)));
  const GroupUpdate vote{GroupId(3), HardState{Term(6), NodeId(1), {}}, std::nullopt, false};
  must(node->commit({&vote, 1}));
  node.reset();
  node = must(NodeState::open(directory.path()));
  auto expected = make_record(3);
  expected.hard = *vote.hard;
  BOOST_TEST(same(*must(node->read(GroupId(3))), expected));
}

BOOST_AUTO_TEST_CASE(a_commit_takes_all_groups_and_for_each_visits_them_in_order) {
  TemporaryDirectory directory;
  auto node = must(NodeState::open(directory.path()));
  std::vector<GroupUpdate> updates;
  for (std::uint64_t group = 1000; group > 0; --group)
    updates.push_back({GroupId(group), HardState{Term(1), NodeId(1), {}}, make_record(group).manifest, false});
  must(node->commit(updates));
  const GroupUpdate forget{GroupId(500), std::nullopt, std::nullopt, true};
  must(node->commit({&forget, 1}));
  must(node->commit({&forget, 1})); // again is fine
  std::vector<std::uint64_t> seen;
  must(node->for_each([&](const GroupRecord& record) { seen.push_back(record.group.value); }));
  BOOST_TEST(seen.size() == 999U);
  BOOST_TEST(std::is_sorted(seen.begin(), seen.end()));
  BOOST_TEST(!must(node->read(GroupId(500))));
}

BOOST_AUTO_TEST_CASE(an_identity_is_set_once) {
  TemporaryDirectory directory;
  auto node = must(NodeState::open(directory.path()));
  BOOST_TEST(!must(node->identity()));
  Identity identity;
  identity.cluster.bytes.fill(1);
  identity.node_uuid.bytes.fill(2);
  identity.node = NodeId(3);
  must(node->set_identity(identity));
  BOOST_TEST(node->set_identity(identity).error().code == ErrorCode::wrong_data_directory);
  node.reset();
  node = must(NodeState::open(directory.path()));
  const auto read = must(node->identity());
  BOOST_REQUIRE(read);
  BOOST_TEST((read->cluster == identity.cluster && read->node_uuid == identity.node_uuid));
  BOOST_TEST(read->node == NodeId(3));
}

BOOST_AUTO_TEST_CASE(a_second_opener_is_told_who_has_it) {
  TemporaryDirectory directory;
  const auto node = must(NodeState::open(directory.path()));
  const auto second = NodeState::open(directory.path());
  BOOST_REQUIRE(!second.ok());
  BOOST_TEST(second.error().code == ErrorCode::in_use);
  BOOST_TEST(second.error().message.find("process " + std::to_string(::getpid())) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_refused_and_left_untouched) {
  TemporaryDirectory directory;
  must(must(NodeState::open(directory.path()))->settle());
  std::uint8_t format[4];
  store_le(format, node_state_format + 1);
  overwrite_row(directory.path(), "format", format);
  const auto before = read_file(directory.path() + "/node-state.mdb");
  const auto node = NodeState::open(directory.path());
  BOOST_REQUIRE(!node.ok());
  BOOST_TEST(node.error().code == ErrorCode::newer_format);
  BOOST_TEST((read_file(directory.path() + "/node-state.mdb") == before));
}

BOOST_AUTO_TEST_CASE(only_a_restart_of_the_machine_without_an_orderly_stop_is_an_unclean_boot) {
  TemporaryDirectory directory;
  BOOST_TEST(!must(NodeState::open(directory.path()))->unclean_boot());
  BOOST_TEST(!must(NodeState::open(directory.path()))->unclean_boot()); // kill -9: the page cache stayed
  must(must(NodeState::open(directory.path()))->mark_clean());
  BOOST_TEST(!must(NodeState::open(directory.path()))->unclean_boot());
  pretend_other_boot(directory.path(), true);
  BOOST_TEST(!must(NodeState::open(directory.path()))->unclean_boot());
  pretend_other_boot(directory.path(), false);
  const auto node = must(NodeState::open(directory.path()));
  BOOST_TEST(node->unclean_boot());
  BOOST_TEST(node->unclean_boots() == 1U);
}

BOOST_AUTO_TEST_CASE(an_unclean_boot_is_not_forgotten_by_a_crash_right_after_it) {
  TemporaryDirectory directory;
  must(must(NodeState::open(directory.path()))->settle());
  pretend_other_boot(directory.path(), false);
  must(NodeState::open(directory.path())); // nothing on disk yet
  must(must(NodeState::open(directory.path()))->settle());
  BOOST_TEST(must(NodeState::open(directory.path()))->unclean_boots() == 1U);
}

BOOST_AUTO_TEST_CASE(a_file_damaged_before_its_first_promise_is_no_loss) {
  TemporaryDirectory directory;
  write_file(directory.path() + "/node-state.mdb", std::string(9000, '\0'));
  const auto node = must(NodeState::open(directory.path()));
  BOOST_TEST(!must(node->read(GroupId(1))));
  must(put(*node, make_record(1)));
  BOOST_TEST(same(*must(node->read(GroupId(1))), make_record(1)));
}

BOOST_AUTO_TEST_CASE(flipped_bytes_are_refused_or_do_not_matter) {
  install_fault_handlers();
  constexpr std::uint32_t seed = 4711;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  const auto path = directory.path() + "/node-state.mdb";
  {
    auto node = must(NodeState::open(directory.path()));
    for (std::uint64_t group = 1; group <= 200; ++group) must(put(*node, make_record(group)));
  }
  const auto whole = read_file(path);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    auto broken = whole;
    if (round % 10 == 9) {
      broken.resize(random() % broken.size());
    } else {
      const auto at = random() % broken.size();
      broken[at] = static_cast<char>(broken[at] ^ static_cast<char>(random() % 255 + 1));
    }
    write_file(path, broken);
    BOOST_TEST_CONTEXT("seed " << seed << " round " << round) {
      const auto node = NodeState::open(directory.path());
      if (!node) {
        ++refused;
        BOOST_TEST((node.error().code == ErrorCode::corrupt_storage || node.error().code == ErrorCode::newer_format));
        continue;
      }
      for (std::uint64_t group = 1; group <= 200; ++group) {
        const auto read = node.value()->read(GroupId(group));
        if (!read) BOOST_TEST(read.error().code == ErrorCode::corrupt_storage);
        if (read && read.value()) BOOST_TEST(same(*read.value(), make_record(group)));
      }
    }
  }
  BOOST_TEST(refused > 40);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
