#include "schema/kafka/frame.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"
#include "tests/unit/schema/random_message.h"

namespace callboard::kafka {
namespace {

ErrorCode refusal(std::string_view hex) {
  const auto request = parse_request(from_hex(hex));
  return request ? ErrorCode::none : request.error().code;
}

template <Message T>
void check_table(ApiKey key) {
  const auto& api = api_of(key);
  BOOST_TEST(std::string(T::name).starts_with(api.name));
  BOOST_TEST(T::flexible_from == api.flexible_from);
  BOOST_TEST(T::complete.first <= api.served.first);
  BOOST_TEST(T::complete.last == api.served.last);
}

} // namespace

BOOST_AUTO_TEST_SUITE(kafka_frame)

BOOST_AUTO_TEST_CASE(the_table_of_apis_agrees_with_the_messages) {
  check_table<ProduceRequest>(ApiKey::produce);
  check_table<ProduceResponse>(ApiKey::produce);
  check_table<FetchRequest>(ApiKey::fetch);
  check_table<FetchResponse>(ApiKey::fetch);
  check_table<ListOffsetsRequest>(ApiKey::list_offsets);
  check_table<ListOffsetsResponse>(ApiKey::list_offsets);
  check_table<MetadataRequest>(ApiKey::metadata);
  check_table<MetadataResponse>(ApiKey::metadata);
  check_table<ApiVersionsRequest>(ApiKey::api_versions);
  check_table<ApiVersionsResponse>(ApiKey::api_versions);
  check_table<CreateTopicsRequest>(ApiKey::create_topics);
  check_table<CreateTopicsResponse>(ApiKey::create_topics);
  check_table<DeleteTopicsRequest>(ApiKey::delete_topics);
  check_table<DeleteTopicsResponse>(ApiKey::delete_topics);
  check_table<InitProducerIdRequest>(ApiKey::init_producer_id);
  check_table<InitProducerIdResponse>(ApiKey::init_producer_id);
}

BOOST_AUTO_TEST_CASE(every_advertised_version_is_served_except_old_produce) {
  for (const auto& api : apis()) {
    BOOST_TEST(api.advertised.last == api.served.last);
    BOOST_TEST((api.advertised.first == api.served.first || api.key == ApiKey::produce));
  }
}

BOOST_AUTO_TEST_CASE(a_flexible_header_ends_with_tags_that_nobody_knows) {
  const auto request = parse_request(from_hex("0012 0003 00000007 0001 63 01 05 02 abcd 02 61 02 62 00"));
  BOOST_REQUIRE(request.ok());
  BOOST_TEST((request->header == RequestHeader{18, 3, 7, "c"}));
  const auto body = decode<ApiVersionsRequest>(request->body, 3);
  BOOST_REQUIRE(body.ok());
  BOOST_TEST(body->client_software_name == "a");
  BOOST_TEST(body->client_software_version == "b");
}

BOOST_AUTO_TEST_CASE(an_unknown_api_and_an_unserved_version_are_told_apart) {
  BOOST_TEST(refusal("03e7 0000 00000007 ffff") == ErrorCode::invalid_request);
  BOOST_TEST(refusal("ffff 0000 00000007 ffff") == ErrorCode::invalid_request);
  BOOST_TEST(refusal("0000 0002 00000007 ffff") == ErrorCode::unsupported_version);
  BOOST_TEST(refusal("0001 0012 00000007 ffff") == ErrorCode::unsupported_version);
  BOOST_TEST(refusal("0003 ffff 00000007 ffff") == ErrorCode::unsupported_version);
}

BOOST_AUTO_TEST_CASE(an_unknown_version_of_api_versions_is_let_through) {
  for (const char* frame : {"0012 0063 00000007 ffff 00", "0012 0063 00000007", "0012 ffff 00000007 7fff"}) {
    const auto request = parse_request(from_hex(frame));
    BOOST_REQUIRE(request.ok());
    BOOST_TEST(request->header.correlation_id == 7);
    BOOST_TEST(!api_of(ApiKey::api_versions).served.has(request->header.version));
    BOOST_TEST(request->body.empty());
  }
}

BOOST_AUTO_TEST_CASE(every_truncated_header_is_corrupt) {
  const auto header = from_hex("0000 0009 0000002a 0003 636c69 01 00 01 ff");
  BOOST_TEST(parse_request(header).ok());
  for (std::size_t size = 0; size < header.size(); ++size) {
    const auto request = parse_request(SharedBytes::copy_of(header.view().first(size)));
    BOOST_REQUIRE(!request.ok());
    BOOST_TEST(request.error().code == ErrorCode::corrupt_message);
  }
  BOOST_TEST(refusal("0000 0007 0000002a fffe") == ErrorCode::corrupt_message);
  BOOST_TEST(refusal("0000 0007 0000002a 7fff 63") == ErrorCode::corrupt_message);
}

BOOST_AUTO_TEST_CASE(the_size_counts_spliced_records_too) {
  const auto large = SharedBytes::copy_of(std::string(10'000, 'r'));
  auto out = begin_response({static_cast<std::int16_t>(ApiKey::fetch), 12, 7, std::nullopt});
  out.splice(large);
  const auto pieces = finish_response(std::move(out));
  BOOST_REQUIRE(pieces.size() == 2u);
  BOOST_TEST(to_hex(pieces[0].view()) == "000027150000000700"); // 10,000 and 5 of header
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
