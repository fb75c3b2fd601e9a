#include "storage/key_offsets.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace callboard::storage {
namespace {

constexpr std::size_t slots_at_first = 1024;

// Three quarters.
constexpr std::size_t keys_for(std::size_t slots) {
  return slots / 4 * 3;
}

} // namespace

KeyOffsets::KeyOffsets(std::size_t bytes_max, std::uint64_t seed)
  : slots_max_(std::bit_floor(std::max(bytes_max / sizeof(Slot), std::size_t{4}))), seed_(seed),
    slots_(std::min(slots_at_first, slots_max_)) {}

KeyOffsets::Slot KeyOffsets::hash(ByteView key) const {
  const auto hash = XXH3_128bits_withSeed(key.data(), key.size(), seed_);
  return {hash.low64, hash.high64, -1};
}

// Where `wanted` is, or the free slot where it would be.
std::size_t KeyOffsets::place_of(const Slot& wanted) const {
  const auto mask = slots_.size() - 1;
  auto place = static_cast<std::size_t>(wanted.low) & mask;
  while (slots_[place].offset >= 0 && (slots_[place].low != wanted.low || slots_[place].high != wanted.high))
    place = (place + 1) & mask;
  return place;
}

bool KeyOffsets::grow() {
  if (slots_.size() >= slots_max_) return false;
  const auto before = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
  for (const auto& slot : before)
    if (slot.offset >= 0) slots_[place_of(slot)] = slot;
  return true;
}

bool KeyOffsets::put(ByteView key, Offset offset) {
  auto slot = hash(key);
  auto place = place_of(slot);
  if (slots_[place].offset < 0) {
    if (used_ >= keys_for(slots_.size())) {
      if (!grow()) return false;
      place = place_of(slot);
    }
    ++used_;
  }
  slot.offset = offset.value;
  slots_[place] = slot;
  return true;
}

std::optional<Offset> KeyOffsets::find(ByteView key) const {
  const auto& slot = slots_[place_of(hash(key))];
  return slot.offset < 0 ? std::nullopt : std::optional(Offset(slot.offset));
}

} // namespace callboard::storage
