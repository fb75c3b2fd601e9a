#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "actors/client/client.h"

namespace callboard::client {

// What one partition had.
struct Polled {
  std::int32_t partition = 0;
  std::vector<Record> records; // none: nothing new, or only what is not shown to consumers
  Offset next;                 // where this partition goes on
  Offset high_watermark = unknown_offset;

  bool at_end() const { return next >= high_watermark; }
};

// Reads several partitions of a topic at once: each has a fetch under way at the broker,
// and poll() gives what arrives first. Together they hold about 16 MiB of answers.
// Belongs to its client's thread, as the client does.
class TopicConsumer {
public:
  struct Place {
    std::int32_t partition = 0;
    Offset offset; // from 0: asked for as it is
  };
  // `park`: how long the broker waits for records before it answers without any.
  TopicConsumer(const Client& client, std::string topic, const std::vector<Place>& places,
                std::chrono::milliseconds park);
  TopicConsumer(TopicConsumer&&) noexcept;
  ~TopicConsumer();

  // nullopt if nothing arrived within `wait_max`. A partition's error ends its reading:
  // what the others have can still be polled. Once no partition is left, the last error again.
  Result<std::optional<Polled>> poll(std::chrono::milliseconds wait_max);
  // Reads no more of this partition.
  void drop(std::int32_t partition);
  std::size_t partitions() const; // being read

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace callboard::client
