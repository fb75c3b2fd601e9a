// What the fuzzers start from, always the same:   make_corpus DIR
// Writes DIR/<fuzzer>/<seed>. Made rather than kept, so that a new API, version or codec
// has its seeds without anyone thinking of it.
#include <capnp/message.h>
#include <capnp/rpc.capnp.h>
#include <capnp/serialize.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "schema/big_endian.h"
#include "schema/crc32c.h"
#include "schema/group_rows.h"
#include "schema/kafka/frame.h"
#include "tests/unit/schema/compressors.h"
#include "tests/unit/schema/random_message.h"

namespace callboard {
namespace {

std::filesystem::path root;

void seed(const std::string& fuzzer, const std::string& name, std::string_view content) {
  const auto folder = root / fuzzer;
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name, std::ios::binary) << content;
}

template <std::integral T>
std::string big_endian(T value) {
  std::string out(sizeof value, '\0');
  store_big_endian(reinterpret_cast<std::uint8_t*>(out.data()), value);
  return out;
}

std::string short_text(std::string_view text) {
  return big_endian(static_cast<std::int16_t>(text.size())) + std::string(text);
}

// --- Kafka messages

// A request's frame without its size.
std::string framed(const kafka::Api& api, std::int16_t version, std::string_view body) {
  auto frame =
      big_endian(static_cast<std::int16_t>(api.key)) + big_endian(version) + big_endian(7) + short_text("seed");
  if (api.flexible(version)) frame += '\0';
  return frame + std::string(body);
}

template <kafka::Message T>
void message_seeds(std::size_t number) {
  const std::string name = T::name;
  for (auto version = T::complete.first; version <= T::complete.last; ++version) {
    const auto body = encoded(kafka::RandomMessage(number, version).make<T>(), version);
    const auto file = name + "-" + std::to_string(version);
    for (const auto& api : kafka::apis())
      if (std::string(api.name) + "Request" == name && api.served.has(version))
        seed("kafka_request", file, framed(api, version, body.text()));
    if (!name.ends_with("Response") || body.size() > 4000) continue;
    const char head[] = {'\xff', static_cast<char>(number), static_cast<char>(version - T::complete.first)};
    seed("kafka_request", file, std::string(head, sizeof head) + std::string(body.text()));
  }
}

template <class... T>
void all_message_seeds(const std::tuple<T...>*) {
  std::size_t number = 0;
  (message_seeds<T>(number++), ...);
}

// --- batches

SharedBytes plain_batch() {
  BatchBuilder builder(1'700'000'000'000);
  const RecordHeader headers[] = {{"trace", "a1"}, {"empty", std::nullopt}};
  builder.producer(ProducerId(9), 1, 4);
  builder.add(bytes_of("key"), bytes_of("value"), 1'700'000'000'005, headers);
  builder.add(std::nullopt, std::nullopt, 1'700'000'000'002);
  builder.add(bytes_of("key"), bytes_of(std::string(100, 'v')), 1'700'000'000'009);
  return builder.finish();
}

std::string compressed_batch(const SharedBytes& plain, const Compressor& by) {
  auto batch =
      std::string(plain.text().substr(0, batch_header_bytes)) + by.compress(plain.text().substr(batch_header_bytes));
  auto* at = reinterpret_cast<std::uint8_t*>(batch.data());
  store_big_endian(at + 8, static_cast<std::int32_t>(batch.size() - 12));
  store_big_endian(at + batch_crc_from, static_cast<std::int16_t>(by.codec));
  store_big_endian(at + 17, crc32c(bytes_of(batch).subspan(batch_crc_from)));
  return batch;
}

void batch_seeds() {
  const auto plain = plain_batch();
  seed("record_batch", "plain", plain.text());
  for (const auto& by : all_compressors) {
    const std::string name = by.name;
    seed("record_batch", name, compressed_batch(plain, by));
    const char head[] = {static_cast<char>(by.codec), '\x40'};
    for (const std::size_t size : {10UL, 3000UL, 70000UL})
      seed("decompress", name + "-" + std::to_string(size),
           std::string(head, sizeof head) + by.compress(std::string(size, 'v')));
  }
}

// --- groups

void group_seeds() {
  const auto topics = big_endian(std::int32_t{2}) + short_text("orders") + short_text("payments");
  seed("group_bytes", "subscription-0", big_endian(std::int16_t{0}) + topics + big_endian(std::int32_t{-1}));
  seed("group_bytes", "subscription-3",
       big_endian(std::int16_t{3}) + topics + big_endian(std::int32_t{0}) + big_endian(std::int32_t{0}) +
           big_endian(std::int32_t{1}) + short_text("rack"));
  seed("group_bytes", "assignment",
       big_endian(std::int16_t{1}) + big_endian(std::int32_t{1}) + short_text("orders") + big_endian(std::int32_t{2}) +
           big_endian(std::int32_t{0}) + big_endian(std::int32_t{5}) + big_endian(std::int32_t{-1}));
  seed("group_bytes", "group-key", group_row_key("group"));
  seed("group_bytes", "offset-key", offset_row_key("group", "orders", 3));
}

// --- Cap'n Proto

std::string bootstrap_call(std::uint32_t first_segment_words) {
  capnp::MallocMessageBuilder builder(first_segment_words, capnp::AllocationStrategy::FIXED_SIZE);
  auto call = builder.initRoot<capnp::rpc::Message>().initCall();
  call.setQuestionId(3);
  call.initTarget().setImportedCap(0);
  call.setInterfaceId(0x1234);
  call.initParams().initCapTable(2)[1].setSenderHosted(5);
  const auto words = capnp::messageToFlatArray(builder);
  const auto bytes = words.asBytes();
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

void capnp_seeds() {
  for (const std::uint32_t words : {1u, 2u, 1024u}) {
    const auto message = bootstrap_call(words);
    for (const char at_once : {'\0', '\7', '\xff'})
      seed("capnp_framing", std::to_string(words) + "-" + std::to_string(static_cast<unsigned char>(at_once)),
           std::string(1, at_once) + message + message);
  }
}

// --- the first bytes of a connection

void sniffing_seeds() {
  for (const std::string_view head : {"GET / HTTP/1.1\r\n", "POST /a HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n"})
    seed("sniffing", std::string(head.substr(0, 3)), head);
  seed("sniffing", "tls", std::string("\x16\x03\x01\x02\0\1\0\1", 8));
  seed("sniffing", "capnp", bootstrap_call(1024).substr(0, 64));
  seed("sniffing", "capnp-segments", bootstrap_call(1).substr(0, 64));
  for (const auto& api : kafka::apis()) {
    const auto frame = framed(api, api.served.last, "");
    seed("sniffing", std::string(api.name), big_endian(static_cast<std::int32_t>(frame.size())) + frame);
  }
}

} // namespace
} // namespace callboard

int main(int argc, char** argv) {
  using namespace callboard;
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus DIR\n");
    return 2;
  }
  root = argv[1];
  all_message_seeds(static_cast<const kafka::AllMessages*>(nullptr));
  batch_seeds();
  group_seeds();
  capnp_seeds();
  sniffing_seeds();
  return 0;
}
