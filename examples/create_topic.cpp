// Creates a topic: create_topic HOST:PORT TOPIC [PARTITIONS]
#include <cstdlib>
#include <iostream>

#include "actors/client/client.h"

using namespace callboard;

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::cerr << "usage: create_topic HOST:PORT TOPIC [PARTITIONS]\n";
    return 2;
  }
  auto client = client::Client::connect(argv[1]);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }
  const auto topic = client->create_topic({
      .name = argv[2],
      .partitions = argc == 4 ? std::atoi(argv[3]) : 1,
      .configs = {{"retention.ms", "604800000"}},
  });
  if (!topic) {
    std::cerr << topic.error().message << '\n';
    return 1;
  }
  std::cout << "created " << topic->name << " with " << topic->partitions << " partitions\n";
}
