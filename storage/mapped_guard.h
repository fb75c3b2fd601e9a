#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace callboard::storage {

// The address range of one mapped file.
struct MapRange {
  const std::uint8_t* base = nullptr;
  std::size_t bytes = 0;

  bool contains(const void* address) const {
    const auto* at = static_cast<const std::uint8_t*>(address);
    return base != nullptr && at >= base && at < base + bytes;
  }
};

// Runs `work(argument)`; false if it touched a page of `range` that the disk could not
// deliver (SIGBUS: truncated file or I/O error; SIGSEGV: a wild pointer inside). Then
// `work` was left in the middle, so it may own nothing with a destructor. Faults outside
// the range go to whoever handled these signals before. Costs some 10 ns; may nest.
bool run_guarded(const MapRange& range, void (*work)(void*), void* argument);

template <class Work>
bool guarded(const MapRange& range, Work&& work) {
  using Plain = std::remove_reference_t<Work>;
  return run_guarded(
      range, [](void* w) { (*static_cast<Plain*>(w))(); }, &work);
}

// The first guarded call does it; again for whoever lets others replace the handlers of
// SIGBUS and SIGSEGV (test frameworks do).
void install_fault_handlers();

// Leaves the innermost guarded call of this thread as if it had faulted: what LMDB's
// assertions do. Asserts that there is one.
[[noreturn]] void abandon_guarded();

} // namespace callboard::storage
