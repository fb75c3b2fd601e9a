// Prints COUNT records of a topic from its beginning, each partition in order:
// consume HOST:PORT TOPIC COUNT
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "actors/client/client.h"

using namespace callboard;
using namespace std::chrono_literals;

namespace {

int fail(const Error& error) {
  std::cerr << error.message << '\n';
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: consume HOST:PORT TOPIC COUNT\n";
    return 2;
  }
  auto client = client::Client::connect(argv[1]);
  if (!client) return fail(client.error());
  const auto topic = client->describe_topic(argv[2]);
  if (!topic) return fail(topic.error());

  std::vector<client::Consumer> consumers;
  for (std::uint32_t p = 0; p < topic->partitions; ++p)
    consumers.push_back(client->consume(topic->name, static_cast<std::int32_t>(p), client::earliest));

  // One partition may wait for records at the broker; several take turns.
  const auto patience = 1000ms / static_cast<int>(consumers.size());
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  long left = std::atol(argv[3]);
  while (left > 0) {
    for (std::size_t p = 0; p < consumers.size() && left > 0; ++p) {
      const auto records = consumers[p].poll(patience);
      if (!records) return fail(records.error());
      for (const auto& record : *records) {
        if (left-- <= 0) break;
        std::cout << "partition " << p << ", offset " << record.offset.value << ": " << record.value.value_or("(none)")
                  << '\n';
      }
    }
    if (left > 0 && std::chrono::steady_clock::now() > deadline)
      return fail({ErrorCode::request_timed_out, std::to_string(left) + " records are missing after 30 s"});
  }
}
