#include "actors/kafka/fetch_session.h"

#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

namespace callboard::kafka {
namespace {

FetchPartition wanted(std::int32_t partition, std::int64_t offset = 0) {
  FetchPartition out;
  out.partition = partition;
  out.fetch_offset = offset;
  out.partition_max_bytes = 1 << 20;
  return out;
}

FetchRequest request_of(std::int32_t id, std::int32_t epoch, std::vector<FetchPartition> partitions = {}) {
  FetchRequest request;
  request.session_id = id;
  request.session_epoch = epoch;
  if (!partitions.empty()) request.topics = {{"t", {}, std::move(partitions)}};
  return request;
}

FetchRequest forgetting(FetchRequest request, std::vector<std::int32_t> partitions) {
  request.forgotten_topics_data = {{"t", {}, std::move(partitions)}};
  return request;
}

struct WithSessions {
  FetchSessionBudget budget;
  FetchSessions sessions{budget};
  std::vector<std::uint64_t> withdrawn;

  FetchSessions::Scope begin(const FetchRequest& request, bool by_id = false) {
    return sessions.begin(request, by_id, [this](const FetchSession::Topic& topic, std::int32_t, std::uint64_t token) {
      BOOST_TEST((topic.name == "t" || !topic.id.is_zero()));
      withdrawn.push_back(token);
    });
  }
  FetchSession& open(std::vector<FetchPartition> partitions) {
    const auto scope = begin(request_of(0, 0, std::move(partitions)));
    BOOST_REQUIRE(scope.session != nullptr);
    return *scope.session;
  }
  // The partitions that the next fetch would ask for, by their number on the wire.
  std::vector<std::int32_t> due(FetchSession& session) {
    std::vector<std::int32_t> out;
    for (const auto index : session.take_due()) out.push_back(session.partition(index).wanted.partition);
    return out;
  }
};

FetchablePartitionResponse answer(std::int64_t high_watermark, std::int64_t log_start = 0) {
  FetchablePartitionResponse out;
  out.high_watermark = high_watermark;
  out.log_start_offset = log_start;
  return out;
}

const std::vector<std::int32_t> none;

} // namespace

BOOST_FIXTURE_TEST_SUITE(fetch_session, WithSessions)

BOOST_AUTO_TEST_CASE(a_fetch_of_epoch_0_opens_a_session_and_of_epoch_minus_1_none) {
  const auto sessionless = begin(request_of(0, -1, {wanted(0)}));
  BOOST_TEST((sessionless.error == ErrorCode::none && sessionless.session == nullptr));
  const auto opened = begin(request_of(0, 0, {wanted(0), wanted(1)}));
  BOOST_REQUIRE(opened.session != nullptr);
  BOOST_TEST(opened.session->id() != no_fetch_session);
  BOOST_TEST(!opened.incremental);
  BOOST_TEST(due(*opened.session) == (std::vector<std::int32_t>{0, 1}), boost::test_tools::per_element());
  BOOST_TEST(budget.partitions == 2u);
}

BOOST_AUTO_TEST_CASE(a_session_of_nothing_is_declined) {
  BOOST_TEST((begin(request_of(0, 0)).session == nullptr));
  BOOST_TEST(budget.partitions == 0u);
}

BOOST_AUTO_TEST_CASE(each_request_has_the_next_epoch) {
  const auto id = open({wanted(0)}).id();
  const auto second = begin(request_of(id, 1));
  BOOST_TEST((second.error == ErrorCode::none && second.incremental));
  BOOST_TEST((begin(request_of(id, 1)).error == ErrorCode::invalid_fetch_session_epoch));
  BOOST_TEST((begin(request_of(id, 3)).error == ErrorCode::invalid_fetch_session_epoch));
  BOOST_TEST((begin(request_of(id, 2)).error == ErrorCode::none));
}

BOOST_AUTO_TEST_CASE(an_unknown_session_is_not_found) {
  BOOST_TEST((begin(request_of(77, 1)).error == ErrorCode::fetch_session_id_not_found));
  BOOST_TEST((begin(request_of(0, 1)).error == ErrorCode::fetch_session_id_not_found));
  const auto id = open({wanted(0)}).id();
  BOOST_TEST((begin(request_of(id + 1, 1)).error == ErrorCode::fetch_session_id_not_found));
  BOOST_TEST((begin(request_of(id, 1)).error == ErrorCode::none)); // it stays as it was
}

BOOST_AUTO_TEST_CASE(a_session_by_name_does_not_go_on_by_id) {
  const auto id = open({wanted(0)}).id();
  BOOST_TEST((begin(request_of(id, 1), true).error == ErrorCode::fetch_session_topic_id_error));
}

BOOST_AUTO_TEST_CASE(a_session_by_id_tells_topics_apart_by_it) {
  FetchRequest request = request_of(0, 0);
  request.topics = {{"", Uuid{{1}}, {wanted(0)}}, {"", Uuid{{2}}, {wanted(0)}}};
  auto* session = begin(request, true).session;
  BOOST_REQUIRE(session != nullptr);
  BOOST_TEST(session->size() == 2u);
  FetchRequest next = request_of(session->id(), 1);
  next.forgotten_topics_data = {{"", Uuid{{1}}, {0}}};
  begin(next, true);
  const auto left = session->take_due();
  BOOST_REQUIRE(left.size() == 1u);
  BOOST_TEST((session->topic(session->partition(left[0]).topic).id == Uuid{{2}}));
}

BOOST_AUTO_TEST_CASE(a_new_session_ends_the_one_before) {
  const auto first = open({wanted(0), wanted(1)}).id();
  const auto second = open({wanted(2)}).id();
  BOOST_TEST(first != second);
  BOOST_TEST(budget.partitions == 1u);
  BOOST_TEST((begin(request_of(first, 1)).error == ErrorCode::fetch_session_id_not_found));
}

BOOST_AUTO_TEST_CASE(the_final_epoch_ends_a_session) {
  const auto id = open({wanted(0)}).id();
  BOOST_TEST((begin(request_of(id, -1)).error == ErrorCode::none));
  BOOST_TEST(budget.partitions == 0u);
  BOOST_TEST((begin(request_of(id, 1)).error == ErrorCode::fetch_session_id_not_found));
}

BOOST_AUTO_TEST_CASE(partitions_are_added_changed_and_forgotten) {
  auto& session = open({wanted(0), wanted(1)});
  const auto id = session.id();
  BOOST_TEST(due(session).size() == 2u);
  begin(forgetting(request_of(id, 1, {wanted(1, 5), wanted(2)}), {0, 9}));
  BOOST_TEST(session.size() == 2u);
  BOOST_TEST(due(session) == (std::vector<std::int32_t>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(budget.partitions == 2u);
}

BOOST_AUTO_TEST_CASE(a_session_that_forgot_all_is_over) {
  const auto id = open({wanted(0)}).id();
  const auto scope = begin(forgetting(request_of(id, 1), {0}));
  BOOST_TEST((scope.error == ErrorCode::none && scope.session == nullptr));
  BOOST_TEST((begin(request_of(id, 2)).error == ErrorCode::fetch_session_id_not_found));
}

BOOST_AUTO_TEST_CASE(a_watched_partition_is_not_due_until_it_wakes) {
  auto& session = open({wanted(0), wanted(1)});
  const auto taken = session.take_due();
  const auto token = session.watch(taken[0]);
  session.put_back(taken[1]);
  BOOST_TEST(due(session) == (std::vector<std::int32_t>{1}), boost::test_tools::per_element());
  BOOST_TEST((session.woke(token) == taken[0]));
  BOOST_TEST(!session.woke(token).has_value()); // once
  session.put_back(taken[0]);
  BOOST_TEST(due(session) == (std::vector<std::int32_t>{0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_offset_that_moves_withdraws_the_watch) {
  auto& session = open({wanted(0), wanted(1)});
  const auto taken = session.take_due();
  const auto token = session.watch(taken[0]);
  begin(request_of(session.id(), 1, {wanted(0, 0)})); // the same question
  BOOST_TEST(withdrawn.empty());
  BOOST_TEST(due(session) == none, boost::test_tools::per_element());
  begin(request_of(session.id(), 2, {wanted(0, 7)}));
  BOOST_REQUIRE(withdrawn.size() == 1u);
  BOOST_TEST(withdrawn[0] == token);
  BOOST_TEST(!session.woke(token).has_value()); // on its way when it was withdrawn
  BOOST_TEST(due(session) == (std::vector<std::int32_t>{0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_token_of_an_earlier_watch_wakes_nobody) {
  auto& session = open({wanted(0), wanted(1)});
  const auto taken = session.take_due();
  const auto first = session.watch(taken[0]);
  BOOST_TEST((session.unwatch(taken[0]) == first));
  const auto second = session.watch(taken[0]);
  BOOST_TEST(first != second);
  BOOST_TEST(!session.woke(first).has_value());
  BOOST_TEST(session.woke(second).has_value());
  BOOST_TEST(!session.woke(12345).has_value());
}

BOOST_AUTO_TEST_CASE(watches_end_with_their_session) {
  auto& session = open({wanted(0), wanted(1)});
  for (const auto index : session.take_due()) session.watch(index);
  begin(request_of(session.id(), -1));
  BOOST_TEST(withdrawn.size() == 2u);
}

BOOST_AUTO_TEST_CASE(who_is_put_back_goes_behind_the_others) {
  auto& session = open({wanted(0), wanted(1), wanted(2)});
  const auto taken = session.take_due();
  for (const auto index : {taken[1], taken[2], taken[0]}) session.put_back(index);
  BOOST_TEST(due(session) == (std::vector<std::int32_t>{1, 2, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_increment_tells_what_is_new) {
  auto& session = open({wanted(0)});
  const auto index = session.take_due().at(0);
  BOOST_TEST(session.tell(index, answer(0)));
  BOOST_TEST(!session.tell(index, answer(0)));
  BOOST_TEST(session.tell(index, answer(4)));
  BOOST_TEST(session.tell(index, answer(4, 2)));
  BOOST_TEST(!session.tell(index, answer(4, 2)));
  auto with_records = answer(4, 2);
  with_records.records = {SharedBytes::copy_of("r")};
  BOOST_TEST(session.tell(index, with_records));
  auto diverging = answer(4, 2);
  diverging.diverging_epoch = {3, 1};
  BOOST_TEST(session.tell(index, diverging));
  auto failed = answer(-1, -1);
  failed.error_code = ErrorCode::not_leader_or_follower;
  BOOST_TEST(session.tell(index, failed));
  BOOST_TEST(session.tell(index, failed)); // every time
  BOOST_TEST(session.tell(index, answer(4, 2)));
}

BOOST_AUTO_TEST_CASE(past_the_limits_a_session_is_declined_or_ends) {
  budget.session_partitions_max = 2;
  BOOST_TEST((begin(request_of(0, 0, {wanted(0), wanted(1), wanted(2)})).session == nullptr));
  const auto id = open({wanted(0), wanted(1)}).id();
  const auto grown = begin(request_of(id, 1, {wanted(2)}));
  BOOST_TEST((grown.error == ErrorCode::fetch_session_id_not_found));
  BOOST_TEST(budget.partitions == 0u);

  budget.partitions_max = 3;
  FetchSessions others(budget);
  open({wanted(0), wanted(1)});
  BOOST_TEST((others.begin(request_of(0, 0, {wanted(0), wanted(1)}), false, {}).session == nullptr));
  BOOST_TEST((others.begin(request_of(0, 0, {wanted(0)}), false, {}).session != nullptr));
  BOOST_TEST(budget.partitions == 3u);
}

// Against a plain set of partitions: each is due, watched or taken, never lost.
BOOST_AUTO_TEST_CASE(random_increments_lose_no_partition) {
  const auto seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937 random(seed);
    auto& session = open({wanted(1000)});
    std::set<std::int32_t> members{1000};
    std::set<FetchSession::Index> watched;
    for (std::int32_t epoch = 1; epoch < 2000; ++epoch) {
      std::vector<FetchPartition> named;
      std::vector<std::int32_t> forgotten;
      for (int i = 0; i < 3; ++i) {
        const auto partition = static_cast<std::int32_t>(random() % 20);
        if (random() % 2 == 0) {
          named.push_back(wanted(partition, static_cast<std::int64_t>(random() % 3)));
          members.insert(partition);
        }
      }
      for (int i = 0; i < 2; ++i) forgotten.push_back(static_cast<std::int32_t>(random() % 20));
      for (const auto partition : forgotten) members.erase(partition);
      BOOST_REQUIRE((begin(forgetting(request_of(session.id(), epoch, named), forgotten)).session == &session));
      BOOST_REQUIRE(session.size() == members.size());
      std::set<std::int32_t> seen;
      for (const auto index : session.take_due()) {
        const auto& partition = session.partition(index);
        BOOST_REQUIRE(partition.member && partition.watch == 0);
        BOOST_REQUIRE(seen.insert(partition.wanted.partition).second);
        if (random() % 2 == 0)
          session.watch(index), watched.insert(index);
        else
          session.put_back(index);
      }
      for (const auto index : watched) {
        const auto& partition = session.partition(index);
        if (partition.member && partition.watch != 0) seen.insert(partition.wanted.partition);
      }
      BOOST_REQUIRE(seen == members);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
