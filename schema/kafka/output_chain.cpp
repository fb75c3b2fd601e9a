#include "schema/kafka/output_chain.h"

#include <algorithm>
#include <cstring>

namespace callboard::kafka {
namespace {

constexpr std::size_t uvarint_bytes_max = 5;

std::size_t write_uvarint(std::uint8_t* to, std::uint32_t value) {
  std::size_t count = 0;
  for (; value > 127; value >>= 7) to[count++] = static_cast<std::uint8_t>(value | 128);
  to[count++] = static_cast<std::uint8_t>(value);
  return count;
}

} // namespace

void OutputChain::put_bytes(ByteView bytes) {
  if (bytes.empty()) return;
  std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
}

void OutputChain::put_uvarint(std::uint32_t value) {
  auto* at = extend(uvarint_bytes_max);
  used_ -= uvarint_bytes_max - write_uvarint(at, value);
}

void OutputChain::splice(const SharedBytes& bytes) {
  if (bytes.size() < splice_bytes_min) return put_bytes(bytes.view());
  splices_.push_back({used_, bytes});
  spliced_bytes_ += bytes.size();
}

void OutputChain::prefix_length(std::size_t position) {
  CB_ASSERT(position <= used_ && (splices_.empty() || splices_.back().position <= position));
  const auto length = used_ - position;
  std::uint8_t prefix[uvarint_bytes_max];
  const auto count = write_uvarint(prefix, static_cast<std::uint32_t>(length));
  extend(count);
  auto* at = own_.data() + position;
  std::memmove(at + count, at, length);
  std::memcpy(at, prefix, count);
}

void OutputChain::overwrite_int32(std::size_t position, std::int32_t value) {
  CB_ASSERT(position + sizeof value <= used_);
  store_big_endian(own_.data() + position, value);
}

std::vector<SharedBytes> OutputChain::take() {
  std::vector<SharedBytes> pieces;
  pieces.reserve(2 * splices_.size() + 1);
  const auto own = own_.freeze(used_);
  std::size_t from = 0;
  for (auto& splice : splices_) {
    if (splice.position > from) pieces.push_back(own.slice(from, splice.position - from));
    from = splice.position;
    pieces.push_back(std::move(splice.bytes));
  }
  if (used_ > from) pieces.push_back(own.slice(from, used_ - from));
  splices_.clear();
  used_ = spliced_bytes_ = 0;
  return pieces;
}

void OutputChain::grow(std::size_t count) {
  ByteBuffer larger(std::max(2 * own_.capacity(), used_ + count));
  if (used_ > 0) std::memcpy(larger.data(), own_.data(), used_);
  own_ = std::move(larger);
}

} // namespace callboard::kafka
