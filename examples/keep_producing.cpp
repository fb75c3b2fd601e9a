// Produces record after record for a while, whichever node leads the partition:
// keep_producing HOST:PORT,HOST:PORT,... TOPIC PARTITION SECONDS
//
// A client talks to one node. When that one dies or does not lead the partition (any
// more), the record is sent again to the next one, until it is acknowledged: at least
// once, so a record whose acknowledgement was lost may be there twice. Prints OFFSET and
// VALUE of each once it is acknowledged.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "actors/client/client.h"

using namespace callboard;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto give_up_after = 30s;

// To whichever of the nodes took the last record, or the next one.
class AnyNode {
public:
  explicit AnyNode(std::vector<std::string> addresses) : addresses_(std::move(addresses)) {}

  Result<client::Produced> produce(const std::string& topic, std::int32_t partition, const client::Record& record) {
    const auto deadline = Clock::now() + give_up_after;
    while (true) {
      auto produced = produce_once(topic, partition, record);
      if (produced || Clock::now() > deadline) return produced;
      client_.reset();
      next_ = (next_ + 1) % addresses_.size();
      std::this_thread::sleep_for(10ms);
    }
  }

private:
  Result<client::Produced> produce_once(const std::string& topic, std::int32_t partition,
                                        const client::Record& record) {
    if (!client_) {
      auto connected = client::Client::connect(addresses_[next_], {.connect_timeout = 1s, .request_timeout = 2s});
      if (!connected) return connected.error();
      client_ = std::move(*connected);
    }
    return client_->produce(topic, partition, {record});
  }

  std::vector<std::string> addresses_;
  std::size_t next_ = 0;
  std::optional<client::Client> client_;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

} // namespace

int main(int argc, char** argv) {
  const auto addresses = argc == 5 ? split(argv[1]) : std::vector<std::string>{};
  if (addresses.empty()) {
    std::cerr << "usage: keep_producing HOST:PORT,HOST:PORT,... TOPIC PARTITION SECONDS\n";
    return 2;
  }
  AnyNode nodes(addresses);
  const auto end = Clock::now() + std::chrono::seconds(std::atol(argv[4]));
  for (long n = 0; Clock::now() < end; ++n) {
    const client::Record record{.key = {}, .value = "rpc-" + std::to_string(n), .headers = {}};
    const auto produced = nodes.produce(argv[2], std::atoi(argv[3]), record);
    if (!produced) {
      std::cerr << produced.error().message << '\n';
      return 1;
    }
    std::cout << produced->base_offset.value << ' ' << *record.value << std::endl;
    std::this_thread::sleep_for(2ms);
  }
}
