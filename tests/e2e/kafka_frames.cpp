// Good requests of every API in every version, random by seed, for tests that spoil them:
//   kafka_frames SEED > FILE        frames as they go over the socket, one after the other
#include <cstdio>
#include <cstdlib>
#include <string>

#include "schema/big_endian.h"
#include "schema/kafka/api.h"
#include "tests/unit/schema/random_message.h"

namespace callboard::kafka {
namespace {

template <std::integral T>
void append(std::string& out, T value) {
  char bytes[sizeof value];
  store_big_endian(reinterpret_cast<std::uint8_t*>(bytes), value);
  out.append(bytes, sizeof bytes);
}

void print(const Api& api, std::int16_t version, std::string_view body) {
  std::string content;
  append(content, static_cast<std::int16_t>(api.key));
  append(content, version);
  append(content, std::int32_t{7});
  append(content, std::int16_t{-1}); // no client id
  if (api.flexible(version)) content.push_back('\0');
  content += body;
  std::string size;
  append(size, static_cast<std::int32_t>(content.size()));
  std::fwrite(size.data(), 1, size.size(), stdout);
  std::fwrite(content.data(), 1, content.size(), stdout);
}

template <Message T>
void print_all(std::uint64_t seed) {
  for (const auto& api : apis()) {
    if (std::string(api.name) + "Request" != T::name) continue;
    for (auto version = api.served.first; version <= api.served.last; ++version)
      print(api, version, encoded(RandomMessage(seed, version).make<T>(), version).text());
  }
}

template <class... T>
void print_every(std::uint64_t seed, const std::tuple<T...>*) {
  (print_all<T>(seed), ...);
}

} // namespace
} // namespace callboard::kafka

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: kafka_frames SEED\n");
    return 2;
  }
  using namespace callboard::kafka;
  print_every(std::strtoull(argv[1], nullptr, 10), static_cast<const AllMessages*>(nullptr));
  return 0;
}
