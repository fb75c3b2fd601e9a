// Streams records without waiting for each: stream_produce HOST:PORT TOPIC COUNT
//
// send() returns when the broker has room for more, so many batches are on their way to
// the disk together; one flush() at the end says what became of all of them.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "actors/client/client.h"

using namespace callboard;

namespace {

int fail(const Error& error) {
  std::cerr << error.message << '\n';
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: stream_produce HOST:PORT TOPIC COUNT\n";
    return 2;
  }
  auto client = client::Client::connect(argv[1]);
  if (!client) return fail(client.error());
  auto producer = client->open_producer(argv[2], 0);
  if (!producer) return fail(producer.error());

  const auto started = std::chrono::steady_clock::now();
  for (long i = 0, count = std::atol(argv[3]); i < count; ++i) {
    const auto sent = producer->send({.key = std::to_string(i), .value = "streamed record " + std::to_string(i)});
    if (!sent) return fail(sent.error());
  }
  const auto flushed = producer->flush();
  if (!flushed) return fail(flushed.error());
  if (flushed->failed > 0) return fail(flushed->failures.front().error);

  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::cout << flushed->acknowledged << " batches acknowledged, offsets " << flushed->first_offset.value << " to "
            << flushed->last_offset.value << ", in " << took.count() << " s\n";
}
