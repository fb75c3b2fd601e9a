#include "schema/bytes.h"

#include <cstdlib>
#include <new>

namespace callboard {
namespace {

// The count, and the content behind it in the same allocation.
class HeapBlock final : public ByteOwner {
public:
  static HeapBlock* make(std::size_t size) {
    void* memory = std::malloc(sizeof(HeapBlock) + size);
    if (memory == nullptr) throw std::bad_alloc();
    return new (memory) HeapBlock();
  }
  std::uint8_t* content() { return reinterpret_cast<std::uint8_t*>(this + 1); }

private:
  ~HeapBlock() override = default;
  void destroy() noexcept override {
    this->~HeapBlock();
    std::free(this);
  }
};

} // namespace

void ByteOwner::destroy() noexcept {
  delete this;
}

ByteBuffer::ByteBuffer(std::size_t capacity) : capacity_(capacity) {
  auto* block = HeapBlock::make(capacity);
  data_ = block->content();
  owner_ = block;
}

SharedBytes SharedBytes::copy_of(ByteView view) {
  if (view.empty()) return {};
  ByteBuffer buffer(view.size());
  std::memcpy(buffer.data(), view.data(), view.size());
  return buffer.freeze(view.size());
}

} // namespace callboard
