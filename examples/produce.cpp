// Sends one record and waits until it is safe: produce HOST:PORT TOPIC VALUE
#include <iostream>

#include "actors/client/client.h"

using namespace callboard;

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: produce HOST:PORT TOPIC VALUE\n";
    return 2;
  }
  auto client = client::Client::connect(argv[1]);
  if (!client) {
    std::cerr << client.error().message << '\n';
    return 1;
  }
  const client::Record record{.key = "greeting", .value = argv[3], .headers = {{"language", "C++"}}};
  const auto produced = client->produce(argv[2], 0, {record});
  if (!produced) {
    std::cerr << produced.error().message << '\n';
    return 1;
  }
  // On disk at a majority of its replicas: this is what acks=all, the default, means.
  std::cout << "acknowledged: partition 0, offset " << produced->base_offset.value << '\n';
}
