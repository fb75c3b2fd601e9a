#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "schema/assert.h"

namespace callboard {

using ByteView = std::span<const std::uint8_t>;

inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Keeps some memory alive: a heap block or a mapped segment. Atomic count, since
// payloads cross threads by reference.
class ByteOwner {
public:
  ByteOwner() = default;
  ByteOwner(const ByteOwner&) = delete;
  ByteOwner& operator=(const ByteOwner&) = delete;
  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  bool unique() const noexcept { return refs_.load(std::memory_order_acquire) == 1; }

protected:
  virtual ~ByteOwner() = default;
  virtual void destroy() noexcept; // deletes this

private:
  std::atomic<std::uint32_t> refs_{1};
};

// An immutable slice of shared memory: 24 bytes, copied without copying the content.
class SharedBytes {
public:
  SharedBytes() noexcept = default;
  // Takes a reference of its own on `owner`; null for memory that never ends.
  SharedBytes(ByteView view, ByteOwner* owner) noexcept : data_(view.data()), size_(view.size()), owner_(owner) {
    if (owner_) owner_->retain();
  }
  SharedBytes(const SharedBytes& other) noexcept : SharedBytes(other.view(), other.owner_) {}
  SharedBytes(SharedBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
      owner_(std::exchange(other.owner_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    swap(other);
    return *this;
  }
  ~SharedBytes() {
    if (owner_) owner_->release();
  }
  void swap(SharedBytes& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(owner_, other.owner_);
  }

  static SharedBytes copy_of(ByteView view);
  static SharedBytes copy_of(std::string_view text) { return copy_of(bytes_of(text)); }

  const std::uint8_t* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  ByteView view() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return text_of(view()); }

  // A part of this; shares the owner. Asserts that it lies inside.
  SharedBytes slice(std::size_t offset, std::size_t length) const {
    CB_ASSERT(offset <= size_ && length <= size_ - offset);
    return SharedBytes({data_ + offset, length}, owner_);
  }

  // For the one stage that stamps offset and epoch into a batch it just received;
  // whoever calls it knows that nobody else reads these bytes yet.
  std::uint8_t* stampable() noexcept { return const_cast<std::uint8_t*>(data_); }

private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  ByteOwner* owner_ = nullptr;
};

// Memory being filled by one thread; becomes a SharedBytes without a copy.
// One allocation holds the count and the content.
class ByteBuffer {
public:
  ByteBuffer() noexcept = default;
  explicit ByteBuffer(std::size_t capacity);
  ByteBuffer(ByteBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)),
      owner_(std::exchange(other.owner_, nullptr)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~ByteBuffer() {
    if (owner_) owner_->release();
  }

  std::uint8_t* data() noexcept { return data_; }
  std::size_t capacity() const noexcept { return capacity_; }

  // The first `size` bytes as shared memory; this is empty afterwards.
  SharedBytes freeze(std::size_t size) {
    CB_ASSERT(size <= capacity_);
    SharedBytes out({data_, size}, owner_);
    *this = ByteBuffer();
    return out;
  }

private:
  std::uint8_t* data_ = nullptr;
  std::size_t capacity_ = 0;
  ByteOwner* owner_ = nullptr;
};

} // namespace callboard
