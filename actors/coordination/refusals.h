#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "schema/time.h"

namespace callboard {

// Whom this node has refused lately, for the log and for `cluster status`. Strangers cause
// it, so it is short and tells the same once a minute. Pure.
class Refusals {
public:
  static constexpr std::size_t kept_max = 16;
  static constexpr Duration kept_for = std::chrono::minutes(10);
  static constexpr Duration said_every = std::chrono::minutes(1);

  // True: it is to be said now.
  bool note(std::string_view sentence, Instant now);
  // Those that are not too long ago, the newest last.
  std::vector<std::string> recent(Instant now);

private:
  struct Refusal {
    std::string sentence;
    Instant last{};
    Instant said{};
  };
  void forget(Instant now);
  std::deque<Refusal> refusals_;
};

// What a stranger says comes to logs and terminals: one line of at most 600 bytes.
std::string presentable(std::string_view text);

// "Node 2 at b:9092 has a clock 3 h ahead of this node's ...", if they differ by more than a
// minute; else empty.
std::string clock_trouble(const std::string& who, TimestampMs theirs, TimestampMs own);

} // namespace callboard
