// The digest of a log and the comparison between replicas.
#include "cluster/partition/log_digest.h"

#include <boost/test/unit_test.hpp>

#include "schema/record_batch.h"

namespace callboard::partition {
namespace {

using Verdict = DigestComparison::Verdict;

LogEntry batch(std::uint64_t index, const std::string& value, int records = 1) {
  BatchBuilder builder(1000);
  for (int i = 0; i < records; ++i) builder.add(std::nullopt, bytes_of(value), 1000);
  LogEntry entry;
  entry.index = RaftIndex{index};
  entry.term = Term{1};
  entry.base_offset = Offset{static_cast<Offset::rep>(index)};
  entry.offset_count = records;
  entry.payload = builder.finish();
  return entry;
}

void apply(LogDigest& digest, const LogEntry& entry) {
  digest.apply(entry, checksum_of(entry), is_original(entry));
}

Membership voters(std::initializer_list<int> ids) {
  Membership out;
  for (const auto id : ids) out.voters.emplace_back(id);
  return out;
}

BOOST_AUTO_TEST_SUITE(log_digest)

BOOST_AUTO_TEST_CASE(everything_about_an_entry_counts) {
  const auto of = [](const LogEntry& entry) {
    LogDigest digest;
    apply(digest, entry);
    return *digest.value();
  };
  const auto entry = batch(1, "v");
  BOOST_TEST(of(entry) == 9537252642582972248U); // golden: it is kept on disk and compared between versions
  std::vector<LogEntry> others(6, entry);
  others[0] = batch(1, "w");
  others[1].index = RaftIndex{2};
  others[2].term = Term{2};
  others[3].base_offset = Offset{2};
  others[4].type = EntryType::noop;
  others[5] = batch(1, "v", 2);
  for (const auto& other : others) BOOST_TEST(of(other) != of(entry));
}

BOOST_AUTO_TEST_CASE(the_header_of_a_batch_is_enough) {
  auto whole = batch(1, "value");
  auto cut = whole;
  cut.payload = whole.payload.slice(0, batch_header_bytes);
  BOOST_TEST(checksum_of(cut) == checksum_of(whole));
  BOOST_TEST(is_original(cut));
}

BOOST_AUTO_TEST_CASE(behind_a_compacted_batch_it_is_not_known_until_somebody_says_it) {
  LogDigest whole;
  LogDigest thinned;
  auto entry = batch(1, "v", 3);
  apply(whole, entry);
  entry.offset_count = 5; // it had five records once
  apply(thinned, entry);
  BOOST_TEST(!thinned.value().has_value());
  BOOST_TEST(thinned.as_of_now().index.value == 0U);
  DigestComparison comparison;
  comparison.expect({RaftIndex{2}, 42}, thinned);
  apply(thinned, batch(2, "w"));
  comparison.reached(thinned);
  BOOST_TEST(thinned.value().value() == 42U);
  BOOST_TEST((comparison.answer() == raft::LogDigest{RaftIndex{2}, 42, true}));
}

// A follower says what it had where the leader named it, however late.
BOOST_AUTO_TEST_CASE(a_named_index_is_waited_for) {
  LogDigest own;
  DigestComparison follower;
  follower.expect({RaftIndex{3}, 1}, own);
  for (std::uint64_t index = 1; index <= 2; ++index) {
    apply(own, batch(index, "v"));
    follower.reached(own);
    follower.expect({RaftIndex{9}, 2}, own); // does not replace what is waited for
  }
  BOOST_TEST(follower.answer().index.value == 0U);
  apply(own, batch(3, "v"));
  follower.reached(own);
  BOOST_TEST((follower.answer() == own.as_of_now()));
  follower.expect({RaftIndex{2}, 2}, own); // passed already
  BOOST_TEST(follower.answer().index.value == 3U);
}

struct Leader {
  LogDigest own;
  DigestComparison comparison;
  Leader() {
    apply(own, batch(1, "v"));
    comparison.name(own);
  }
  Verdict hear(int node, std::uint64_t value, const Membership& membership, std::uint32_t life = 0) {
    return comparison.hear(NodeId{node}, life, {RaftIndex{1}, value}, membership, NodeId{1});
  }
};

BOOST_AUTO_TEST_CASE(the_majority_decides_who_differs) {
  const auto three = voters({1, 2, 3});
  Leader leader;
  const auto same = *leader.own.value();
  BOOST_TEST((leader.hear(2, same + 1, three, 4) == Verdict::none)); // one against one
  BOOST_TEST(!leader.comparison.differs(NodeId{2}).has_value());
  BOOST_TEST((leader.hear(3, same, three) == Verdict::peer_differs));
  BOOST_TEST(leader.comparison.differs(NodeId{2}).value() == 4U);
  BOOST_TEST(!leader.comparison.differs(NodeId{3}).has_value());
  BOOST_TEST((leader.hear(2, same, three, 5) != Verdict::self_differs)); // begun anew
  BOOST_TEST(!leader.comparison.differs(NodeId{2}).has_value());

  Leader wrong;
  BOOST_TEST((wrong.hear(2, same + 1, three) == Verdict::none));
  BOOST_TEST((wrong.hear(3, same + 1, three) == Verdict::self_differs));

  Leader torn; // three opinions: nobody is right
  BOOST_TEST((torn.hear(2, same + 1, three) == Verdict::none));
  BOOST_TEST((torn.hear(3, same + 2, three) == Verdict::none));
}

// It had its log from one of them, which may be the wrong one.
BOOST_AUTO_TEST_CASE(who_repeats_another_decides_nothing_until_all_agree) {
  const auto three = voters({1, 2, 3});
  Leader leader;
  const auto same = *leader.own.value();
  const auto learned = [&](DigestComparison& by, std::uint64_t index, std::uint64_t value) {
    return by.hear(NodeId{3}, 0, {RaftIndex{index}, value, true}, three, NodeId{1});
  };
  BOOST_TEST((leader.hear(2, same + 1, three) == Verdict::none));
  BOOST_TEST((learned(leader.comparison, 1, same) == Verdict::none));
  BOOST_TEST((learned(leader.comparison, 1, same + 1) == Verdict::none));
  BOOST_TEST(leader.comparison.agreed().value == 0U);

  Leader other;
  BOOST_TEST((other.hear(2, same, three) == Verdict::none));
  BOOST_TEST((learned(other.comparison, 1, same) == Verdict::agreed));
  BOOST_TEST(other.comparison.agreed().value == 1U);
  LogDigest third(RaftIndex{1}, same, RaftIndex{1});
  third.agree(RaftIndex{});
  BOOST_TEST(third.as_of_now().learned);
  third.agree(other.comparison.agreed());
  BOOST_TEST(!third.as_of_now().learned);
  BOOST_TEST((other.hear(2, same, three, 1) == Verdict::agreed)); // in a new life it is asked again
}

BOOST_AUTO_TEST_CASE(a_leader_that_repeats_another_decides_nothing) {
  LogDigest own(RaftIndex{1}, 5, RaftIndex{1});
  DigestComparison comparison;
  comparison.name(own);
  const auto three = voters({1, 2, 3});
  BOOST_TEST((comparison.hear(NodeId{2}, 0, {RaftIndex{1}, 5}, three, NodeId{1}) == Verdict::none));
  BOOST_TEST((comparison.hear(NodeId{3}, 0, {RaftIndex{1}, 6}, three, NodeId{1}) == Verdict::none));
  BOOST_TEST(!comparison.differs(NodeId{3}).has_value());
}

BOOST_AUTO_TEST_CASE(a_learner_has_no_voice_and_is_told) {
  auto members = voters({1});
  members.learners = {NodeId{2}};
  Leader leader;
  BOOST_TEST((leader.hear(2, *leader.own.value() + 1, members) == Verdict::peer_differs));
  BOOST_TEST(leader.comparison.differs(NodeId{2}).has_value());
}

BOOST_AUTO_TEST_CASE(two_voters_cannot_tell) {
  Leader leader;
  BOOST_TEST((leader.hear(2, *leader.own.value() + 1, voters({1, 2})) == Verdict::none));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::partition
