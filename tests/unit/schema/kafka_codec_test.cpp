#include "schema/kafka/codec.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"
#include "tests/unit/schema/random_message.h"

namespace callboard::kafka {
namespace {

struct Inner {
  std::int32_t number = -1;
  std::optional<std::string> text;

  bool operator==(const Inner&) const = default;

  static constexpr auto fields = std::tuple{
      field("number", &Inner::number, since(0)),
      field("text", &Inner::text, since(0), since(1)),
  };
};

// Every kind of field in one message; flexible from version 1.
struct Sample {
  double ratio = 0;
  bool flag = false;
  std::vector<Inner> inners;
  std::optional<std::vector<std::int32_t>> numbers;
  std::optional<SharedBytes> records;
  std::int16_t tagged_number = 5;
  std::optional<std::string> tagged_text;

  static constexpr const char* name = "Sample";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 1;
  static constexpr auto fields = std::tuple{
      field("ratio", &Sample::ratio, since(0)),
      field("flag", &Sample::flag, since(0)),
      field("inners", &Sample::inners, since(0)),
      field("numbers", &Sample::numbers, since(0), since(1)),
      field("records", &Sample::records, since(0), since(0)),
      tagged<0>("tagged_number", &Sample::tagged_number, since(1)),
      tagged<3>("tagged_text", &Sample::tagged_text, since(2), since(2)),
  };
};

Result<Sample> read(std::string_view hex, std::int16_t version) {
  return decode<Sample>(from_hex(hex), version);
}

bool refused(std::string_view hex, std::int16_t version, std::string_view why) {
  const auto sample = read(hex, version);
  if (sample.ok()) return false;
  BOOST_TEST_INFO(sample.error().message);
  BOOST_TEST(sample.error().code == ErrorCode::corrupt_message);
  return sample.error().message.find(why) != std::string::npos;
}

// Every array element within M needs less memory than its bytes entitle it to.
template <class M>
void check_memory(std::int16_t version, bool flexible) {
  if constexpr (Described<M>) {
    const auto one = [&]<class Held, int Tag>(const Field<M, Held, Tag>& f) {
      if (f.present.has(version)) check_memory<Held>(version, flexible);
    };
    std::apply([&](const auto&... f) { (one(f), ...); }, M::fields);
  } else if constexpr (requires { typename M::value_type::value_type; }) {
    check_memory<typename M::value_type>(version, flexible);
  } else if constexpr (codec::is_vector<M> && !std::is_same_v<M, std::vector<SharedBytes>>) {
    using Element = typename M::value_type;
    BOOST_TEST(sizeof(Element) <= 48 * codec::wire_bytes_min<Element>(version, flexible));
    check_memory<Element>(version, flexible);
  }
}

// The start of a Sample in both forms, up to `inners`.
#define PREFIX "3ff8000000000000 01 "

} // namespace

BOOST_AUTO_TEST_SUITE(kafka_codec)

BOOST_AUTO_TEST_CASE(reads_and_writes_the_plain_form) {
  Sample sample;
  sample.ratio = 1.5;
  sample.flag = true;
  sample.inners = {{7, "a"}};
  sample.numbers = {1, 2};
  sample.records = from_hex("aa");
  const char* golden = PREFIX "00000001 00000007 0001 61 00000002 00000001 00000002 00000001 aa";
  BOOST_TEST(to_hex(encoded(sample, 0).view()) == to_hex(from_hex(golden).view()));
  const auto back = read(golden, 0);
  BOOST_REQUIRE(back.ok());
  BOOST_TEST(same(*back, sample));
}

BOOST_AUTO_TEST_CASE(reads_and_writes_the_compact_form_with_tags) {
  Sample sample;
  sample.ratio = 1.5;
  sample.flag = true;
  sample.inners = {{7, std::nullopt}};
  sample.tagged_number = 6;
  sample.tagged_text = "b";
  const char* golden = PREFIX "02 00000007 00 00 00 00 02 00 02 0006 03 02 02 62";
  BOOST_TEST(to_hex(encoded(sample, 2).view()) == to_hex(from_hex(golden).view()));
  const auto back = read(golden, 2);
  BOOST_REQUIRE(back.ok());
  BOOST_TEST(same(*back, sample));
}

BOOST_AUTO_TEST_CASE(unknown_tags_are_skipped_and_missing_ones_keep_their_default) {
  // In version 1 tag 3 is not known yet; nor is tag 9 within the inner struct.
  const auto sample = read(PREFIX "02 00000007 00 01 09 01 ff 00 00 01 03 02 02 62", 1);
  BOOST_REQUIRE(sample.ok());
  BOOST_TEST(sample->tagged_number == 5);
  BOOST_TEST(!sample->tagged_text.has_value());
}

BOOST_AUTO_TEST_CASE(bad_tag_sections_are_refused) {
  BOOST_TEST(refused(PREFIX "01 00 00 02 00 02 0006 00 02 0007", 2, "do not ascend"));
  BOOST_TEST(refused(PREFIX "01 00 00 02 03 02 02 62 00 02 0006", 2, "do not ascend"));
  BOOST_TEST(refused(PREFIX "01 00 00 01 00 03 0006 00", 2, "longer than its content"));
  BOOST_TEST(refused(PREFIX "01 00 00 01 00 01 00 06", 2, "ends too early"));
  BOOST_TEST(refused(PREFIX "01 00 00 01 00 7f 0006", 2, "ends inside a tagged field"));
  BOOST_TEST(refused(PREFIX "01 00 00 ffffffff0f", 2, "too many tagged fields"));
  BOOST_TEST(refused(PREFIX "01 00 00 01 09 ffffffff0f", 2, "ends inside a tagged field"));
}

BOOST_AUTO_TEST_CASE(hostile_counts_and_lengths_are_refused_before_memory_is_taken) {
  BOOST_TEST(refused(PREFIX "7fffffff", 0, "more array elements than fit"));
  BOOST_TEST(refused(PREFIX "fffffffe", 0, "negative length"));
  BOOST_TEST(refused(PREFIX "80000000", 0, "negative length"));
  BOOST_TEST(refused(PREFIX "ffffffff", 0, "null where this version does not allow it, at the field inners"));
  BOOST_TEST(refused(PREFIX "00", 1, "null where this version does not allow it, at the field inners"));
  BOOST_TEST(refused(PREFIX "ffffffff0f", 1, "more than 31 bits"));
  BOOST_TEST(refused(PREFIX "8080808008", 1, "more array elements than fit"));
  BOOST_TEST(refused(PREFIX "ffffffff1f", 1, "more than 32 bits"));
  BOOST_TEST(refused(PREFIX "808080808000", 1, "more than 5 bytes"));
  BOOST_TEST(refused(PREFIX "00000001 00000007 7fff 61", 0, "ends inside a string, at the field text"));
  BOOST_TEST(refused(PREFIX "00000001 00000007 fffe", 0, "negative length, at the field text"));
  BOOST_TEST(refused(PREFIX "02 00000007 818002", 1, "string of more than 32,767 bytes, at the field text"));
  BOOST_TEST(refused(PREFIX "00000001 00000007 ffff", 0, "null where this version"));
  BOOST_TEST(refused(PREFIX "00000000 00000000 7fffffff", 0, "ends inside bytes, at the field records"));
  BOOST_TEST(refused(PREFIX "00000000 00000000 fffffffe", 0, "negative length, at the field records"));
  BOOST_TEST(refused(PREFIX "00000000 00000000 ffffffff 00", 0, "goes on after the end"));
}

BOOST_AUTO_TEST_CASE(an_absent_value_is_written_as_empty_where_the_version_has_no_null) {
  Sample sample;
  sample.inners = {{7, std::nullopt}};
  const auto back = decode<Sample>(encoded(sample, 0), 0);
  BOOST_REQUIRE(back.ok());
  BOOST_TEST(back->inners.at(0).text.value() == "");
  BOOST_TEST(back->numbers.value().empty());
}

BOOST_AUTO_TEST_CASE(a_text_longer_than_kafka_has_it_is_cut) {
  Sample sample;
  sample.inners = {{7, std::string(40'000, 'x')}};
  const auto plain = decode<Sample>(encoded(sample, 0), 0);
  BOOST_REQUIRE(plain.ok());
  BOOST_TEST(plain->inners[0].text->size() == 32'767u);
  const auto compact = decode<Sample>(encoded(sample, 1), 1);
  BOOST_REQUIRE(compact.ok());
  BOOST_TEST(compact->inners[0].text->size() == 32'767u);
}

BOOST_AUTO_TEST_CASE(records_are_slices_on_both_ways) {
  const auto large = SharedBytes::copy_of(std::string(4096, 'r'));
  FetchResponse response;
  FetchablePartitionResponse partition;
  partition.records = {large, large.slice(0, 1024)};
  response.responses = {{"t", {}, {partition}}};
  OutputChain out;
  encode(response, 11, out);
  const auto size = out.size();
  const auto pieces = out.take();
  BOOST_REQUIRE(pieces.size() == 3u);
  BOOST_TEST(pieces[1].data() == large.data());
  BOOST_TEST(pieces[2].data() == large.data());
  BOOST_TEST(pieces[0].size() + pieces[1].size() + pieces[2].size() == size);
}

BOOST_AUTO_TEST_CASE(a_frame_full_of_the_smallest_elements_is_read) {
  DeleteTopicsRequest request;
  request.topic_names.assign(100'000, "");
  const auto read = decode<DeleteTopicsRequest>(encoded(request, 5), 5);
  BOOST_REQUIRE(read.ok());
  BOOST_TEST(read->topic_names.size() == 100'000u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(no_honest_message_is_refused_for_its_memory, T, AllMessages) {
  for_each_version(T::complete, [](std::int16_t version) { check_memory<T>(version, version >= T::flexible_from); });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
