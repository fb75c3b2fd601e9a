#include "actors/rpc/framing_guard.h"

#include <algorithm>
#include <cstring>

namespace callboard::rpc {
namespace {

std::uint32_t little_endian(const std::array<std::uint8_t, 4>& bytes) {
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

Error refusal(std::string message) {
  return {ErrorCode::invalid_request, std::move(message)};
}

kj::Exception refusal_of(const std::string& why) {
  return {kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str(why.c_str())};
}

} // namespace

Status FramingCheck::feed(const std::uint8_t* bytes, std::size_t size) {
  while (size > 0) {
    if (content_left_ > 0) {
      const auto skipped = std::min<std::uint64_t>(content_left_, size);
      content_left_ -= skipped;
      bytes += skipped;
      size -= skipped;
      continue;
    }
    const auto taken = std::min(size, partial_.size() - partial_size_);
    std::memcpy(partial_.data() + partial_size_, bytes, taken);
    partial_size_ += taken;
    bytes += taken;
    size -= taken;
    if (partial_size_ < partial_.size()) break;
    partial_size_ = 0;
    if (auto status = header_word(little_endian(partial_)); !status) return status;
  }
  return ok_status();
}

Status FramingCheck::header_word(std::uint32_t word) {
  if (!in_table_) {
    if (word >= segments_max)
      return refusal("a Cap'n Proto message announces " + std::to_string(std::uint64_t{word} + 1) +
                     " segments, at most " + std::to_string(segments_max) + " are accepted");
    in_table_ = true;
    sizes_left_ = word + 1;
    padded_ = sizes_left_ % 2 == 0; // with the count: an odd number of 4-byte fields
    words_ = 0;
    return ok_status();
  }
  if (sizes_left_ > 0) {
    words_ += word;
    --sizes_left_;
    if (words_ > words_max_)
      return refusal("a Cap'n Proto message announces more than " + std::to_string(words_max_ * 8) + " bytes");
  } else {
    padded_ = false;
  }
  if (sizes_left_ == 0 && !padded_) {
    in_table_ = false;
    content_left_ = words_ * 8;
  }
  return ok_status();
}

kj::Promise<std::size_t> FramingGuard::tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) {
  if (!refused_because_.empty()) return refusal_of(refused_because_);
  return inner_->tryRead(buffer, min_bytes, max_bytes)
      .then([this, buffer](std::size_t size) -> kj::Promise<std::size_t> {
        const auto status = check_.feed(static_cast<const std::uint8_t*>(buffer), size);
        if (status) return size;
        refused_because_ = status.error().message;
        refusal_.fulfiller->fulfill();
        return refusal_of(refused_because_);
      });
}

} // namespace callboard::rpc
