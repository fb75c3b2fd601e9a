#include "actors/coordination/refusals.h"

#include <algorithm>

namespace callboard {
namespace {

constexpr std::size_t sentence_bytes_max = 600;
constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t hour_ms = 60 * minute_ms;

} // namespace

std::string presentable(std::string_view text) {
  std::string line(text.substr(0, sentence_bytes_max));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return line;
}

void Refusals::forget(Instant now) {
  std::erase_if(refusals_, [now](const Refusal& refusal) { return now - refusal.last >= kept_for; });
}

bool Refusals::note(std::string_view text, Instant now) {
  forget(now);
  const auto sentence = presentable(text);
  const auto known = std::find_if(refusals_.begin(), refusals_.end(),
                                  [&](const Refusal& refusal) { return refusal.sentence == sentence; });
  if (known == refusals_.end()) {
    // The newest sixteen stay; what is said beyond them would only fill the log.
    const bool crowded = refusals_.size() >= kept_max && now - refusals_.front().said < said_every;
    if (crowded) return false;
    if (refusals_.size() >= kept_max) refusals_.pop_front();
    refusals_.push_back({sentence, now, now});
    return true;
  }
  known->last = now;
  if (now - known->said < said_every) return false;
  known->said = now;
  return true;
}

std::vector<std::string> Refusals::recent(Instant now) {
  forget(now);
  std::vector<std::string> sentences;
  for (const auto& refusal : refusals_) sentences.push_back(refusal.sentence);
  return sentences;
}

std::string clock_trouble(const std::string& who, TimestampMs theirs, TimestampMs own) {
  if (theirs < 0 || own < 0) return {};
  const auto apart = theirs > own ? theirs - own : own - theirs;
  if (apart < minute_ms) return {};
  const auto amount =
      apart >= 2 * hour_ms ? std::to_string(apart / hour_ms) + " h" : std::to_string(apart / minute_ms) + " min";
  return who + " has a clock " + amount + (theirs > own ? " ahead of" : " behind") +
         " this node's. No record is lost by that, but retention, timestamps and certificates go by clocks: set both "
         "right (NTP).";
}

} // namespace callboard
