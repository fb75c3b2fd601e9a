#include "cluster/partition/tail_cache.h"

#include <boost/test/unit_test.hpp>

#include <string>

namespace callboard::partition {
namespace {

SharedBytes batch(std::size_t bytes) {
  return SharedBytes::copy_of(std::string(bytes, 'b'));
}

struct Caches {
  std::shared_ptr<CacheBudget> budget = std::make_shared<CacheBudget>(1000);
  TailCache cache{budget};
};

BOOST_FIXTURE_TEST_SUITE(tail_cache, Caches)

BOOST_AUTO_TEST_CASE(reads_whole_batches_from_the_one_that_holds_the_offset) {
  cache.append(Offset(10), Offset(20), batch(100));
  cache.append(Offset(20), Offset(30), batch(100));
  cache.append(Offset(30), Offset(40), batch(100));
  std::vector<SharedBytes> out;
  BOOST_TEST(!cache.read(Offset(9), Offset(40), 1000, true, out));
  BOOST_TEST(cache.read(Offset(25), Offset(40), 1000, true, out));
  BOOST_TEST(out.size() == 2u);
  out.clear();
  BOOST_TEST(cache.read(Offset(10), Offset(30), 1000, true, out));
  BOOST_TEST(out.size() == 2u);
  out.clear();
  BOOST_TEST(cache.read(Offset(10), Offset(40), 250, true, out));
  BOOST_TEST(out.size() == 2u);
  out.clear();
  BOOST_TEST(cache.read(Offset(10), Offset(40), 99, true, out));
  BOOST_TEST(out.size() == 1u);
  out.clear();
  BOOST_TEST(cache.read(Offset(10), Offset(40), 99, false, out));
  BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(counts_what_is_available_up_to_enough) {
  cache.append(Offset(10), Offset(20), batch(100));
  cache.append(Offset(20), Offset(30), batch(100));
  BOOST_TEST(!cache.available(Offset(9), Offset(30), 1).has_value());
  BOOST_TEST(*cache.available(Offset(10), Offset(30), 1000) == 200u);
  BOOST_TEST(*cache.available(Offset(10), Offset(30), 50) == 100u);
  BOOST_TEST(*cache.available(Offset(15), Offset(20), 1000) == 100u);
}

BOOST_AUTO_TEST_CASE(evicts_its_oldest_when_the_node_has_spent_its_budget) {
  for (int i = 0; i < 20; ++i) cache.append(Offset(i), Offset(i + 1), batch(100));
  BOOST_TEST(cache.bytes() == 1000u);
  BOOST_TEST(budget->used.load() == 1000u);
  std::vector<SharedBytes> out;
  BOOST_TEST(!cache.read(Offset(9), Offset(20), 100, true, out));
  BOOST_TEST(cache.read(Offset(10), Offset(20), 100, true, out));
}

BOOST_AUTO_TEST_CASE(a_partition_that_wakes_up_is_not_starved) {
  for (int i = 0; i < 10; ++i) cache.append(Offset(i), Offset(i + 1), batch(100));
  TailCache other(budget);
  other.append(Offset(0), Offset(1), batch(100));
  other.append(Offset(1), Offset(2), batch(100));
  BOOST_TEST(other.bytes() == 100u);
  cache.append(Offset(10), Offset(11), batch(100));
  BOOST_TEST(budget->used.load() == 1000u);
}

BOOST_AUTO_TEST_CASE(a_batch_beyond_the_overdraft_is_not_kept_and_leaves_no_gap) {
  cache.append(Offset(0), Offset(1), batch(100));
  cache.append(Offset(1), Offset(2), batch(2000));
  BOOST_TEST(cache.empty());
  BOOST_TEST(budget->used.load() == 0u);
  cache.append(Offset(2), Offset(3), batch(100));
  std::vector<SharedBytes> out;
  BOOST_TEST(!cache.read(Offset(1), Offset(3), 1000, true, out));
  BOOST_TEST(cache.read(Offset(2), Offset(3), 1000, true, out));
}

BOOST_AUTO_TEST_CASE(truncation_and_the_end_give_the_budget_back) {
  {
    TailCache other(budget);
    other.append(Offset(0), Offset(5), batch(100));
    other.append(Offset(5), Offset(9), batch(200));
    other.truncate(Offset(5));
    BOOST_TEST(other.bytes() == 100u);
    BOOST_TEST(budget->used.load() == 100u);
    other.append(Offset(5), Offset(6), batch(50));
  }
  BOOST_TEST(budget->used.load() == 0u);
  cache.append(Offset(0), Offset(1), batch(100));
  cache.clear();
  BOOST_TEST(budget->used.load() == 0u);
  BOOST_TEST(cache.empty());
}

BOOST_AUTO_TEST_CASE(holds_what_its_readers_lag_behind_and_no_more) {
  constexpr std::size_t piece = 64 << 10;
  const auto roomy = std::make_shared<CacheBudget>(64 << 20);
  TailCache tail(roomy);
  std::int64_t next = 0;
  const auto append = [&](int pieces) {
    for (int i = 0; i < pieces; ++i, ++next) tail.append(Offset(next), Offset(next + 1), batch(piece));
  };
  append(200);
  BOOST_TEST(tail.bytes() == tail_cache_bytes_min); // nobody reads
  std::vector<SharedBytes> out;
  const std::int64_t lag = 50;
  BOOST_TEST(!tail.read(Offset(next - lag), Offset(next), piece, true, out));
  BOOST_TEST(tail.wanted() == 2 * lag * piece);
  append(200);
  BOOST_TEST(tail.bytes() == 2 * lag * piece);
  BOOST_TEST(tail.read(Offset(next - lag), Offset(next), piece, true, out));
  append(5000); // gone for long
  BOOST_TEST(tail.bytes() == tail_cache_bytes_min);
  BOOST_TEST(!tail.read(Offset(next - 2000), Offset(next), piece, true, out));
  BOOST_TEST(tail.wanted() == tail_cache_bytes_min); // further back than any cache reaches
}

BOOST_AUTO_TEST_CASE(what_was_compacted_is_dropped) {
  for (int i = 0; i < 4; ++i) cache.append(Offset(10 * i), Offset(10 * i + 10), SharedBytes::copy_of("abc"));
  cache.drop_below(Offset(25));
  BOOST_TEST(cache.bytes() == 6U);
  BOOST_TEST(budget->used == 6U);
  std::vector<SharedBytes> read;
  BOOST_TEST(!cache.read(Offset(19), Offset(40), 100, true, read));
  BOOST_TEST(cache.read(Offset(20), Offset(40), 100, true, read));
  BOOST_TEST(read.size() == 2U);
  cache.drop_below(Offset(40));
  BOOST_TEST(cache.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::partition
