#pragma once

#include <cstdint>

// Rules that the simulator breaks on purpose, to show that it would notice. Only in the
// library that it links (CALLBOARD_SABOTAGE); elsewhere a constant that costs nothing.
namespace callboard::raft {

enum class Sabotage : std::uint8_t {
  none,
  earlier_term_committed_by_count,
  membership_without_joint,
  producer_state_not_undone,
  duplicate_acknowledged_early,
  voter_before_it_caught_up,
  recovering_votes,
  earlier_lives_counted,
  digest_not_compared,
  leadership_assumed,
};

#ifdef CALLBOARD_SABOTAGE
inline thread_local Sabotage active_sabotage = Sabotage::none;
inline bool sabotaged(Sabotage kind) {
  return active_sabotage == kind;
}
#else
constexpr bool sabotaged(Sabotage) {
  return false;
}
#endif

} // namespace callboard::raft
