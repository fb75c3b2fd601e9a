#include "schema/group_rows.h"

#include <boost/test/unit_test.hpp>

#include "schema/internal_topics.h"
#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"

namespace callboard {
namespace {

BOOST_AUTO_TEST_SUITE(group_rows)

BOOST_AUTO_TEST_CASE(each_key_has_its_golden_bytes) {
  BOOST_TEST(to_hex(bytes_of(group_row_key("g1"))) == "676731");
  BOOST_TEST(to_hex(bytes_of(offset_row_key("g1", "orders", 258))) == "6f0267316f72646572730000000102");
  BOOST_TEST(to_hex(bytes_of(offset_rows_prefix("g1"))) == "6f026731");
}

BOOST_AUTO_TEST_CASE(the_longest_key_fits_lmdb) {
  const auto key = offset_row_key(std::string(group_id_bytes_max, 'g'), std::string(topic_name_bytes_max, 't'), 7);
  BOOST_TEST(key.size() == 511u);
  BOOST_CHECK(std::get<OffsetRowKey>(*parse_group_key(bytes_of(key))).partition == 7);
}

BOOST_AUTO_TEST_CASE(keys_read_back) {
  BOOST_CHECK(*parse_group_key(bytes_of(group_row_key("a b"))) == GroupKey(GroupRowKey{"a b"}));
  BOOST_CHECK(*parse_group_key(bytes_of(offset_row_key("g", "t", 3))) == GroupKey(OffsetRowKey{"g", "t", 3}));
}

BOOST_AUTO_TEST_CASE(the_offsets_of_one_group_share_a_prefix_with_no_other_group) {
  const auto prefix = offset_rows_prefix("g");
  BOOST_TEST(offset_row_key("g", "t", 0).starts_with(prefix));
  BOOST_TEST(!offset_row_key("gt", "t", 0).starts_with(prefix));
}

BOOST_AUTO_TEST_CASE(any_other_bytes_are_no_key) {
  for (const auto* hex : {"", "67", "78", "6f", "6f00", "6f0167", "6f01677400000000", "6f016774ff00000000",
                          "6f01677400ffffffff", "6fff677400000000", "6700", "6f0167747400740000000001"}) {
    BOOST_TEST(!parse_group_key(from_hex(hex).view()).has_value(), hex);
  }
}

BOOST_AUTO_TEST_CASE(a_group_id_is_text_of_1_to_255_bytes) {
  BOOST_TEST(check_group_id("g").ok());
  BOOST_TEST(check_group_id(std::string(255, 'x')).ok());
  for (const auto& id : {std::string(), std::string(256, 'x'), std::string("a\0b", 3)}) {
    const auto checked = check_group_id(id);
    BOOST_REQUIRE(!checked.ok());
    BOOST_TEST(checked.error().code == ErrorCode::invalid_group_id);
    BOOST_TEST(!checked.error().message.empty());
  }
}

// Part of what is on disk: a group's rows lie in the partition that its id says.
BOOST_AUTO_TEST_CASE(a_group_lives_in_the_partition_of_its_checksum) {
  BOOST_TEST(group_partition("123456789") == static_cast<std::int32_t>(0xE3069283u % 16));
  BOOST_TEST(group_partition("test_group") == 15);
  BOOST_TEST(is_internal_topic("__consumer_offsets"));
  BOOST_TEST(!is_internal_topic("consumer_offsets"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
