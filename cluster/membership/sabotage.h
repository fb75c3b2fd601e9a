#pragma once

#include <cstdint>

// Rules of forming, of placing and of moving that the simulator breaks on purpose, to show that it would notice. Only
// in the library that it links (CALLBOARD_SABOTAGE); elsewhere a constant that costs nothing.
namespace callboard::membership {

enum class Sabotage : std::uint8_t {
  none,
  founded_without_agreement, // with all who were met, whatever they say
  promise_forgotten,         // another set is named as soon as it is met
  one_node_is_enough,        // of however many are expected
  voter_before_it_caught_up, // as soon as it is a learner
  node_id_reused,            // that of a removed node
  two_replicas_on_one_node,  // whoever holds the partition already
  removed_node_readmitted,   // under its old id
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

} // namespace callboard::membership
