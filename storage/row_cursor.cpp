#include "storage/row_cursor.h"

#include "schema/record_batch.h"
#include "storage/keys.h"

namespace callboard::storage {

bool is_whole(ByteView batch) {
  return batch.size() < batch_header_bytes || batch_crc_matches(batch);
}

Result<bool> EnvRows::arrived(int code) {
  if (code == MDB_NOTFOUND) return false;
  if (code == 0 && cursor_.key().size() != sizeof key_) code = MDB_CORRUPTED;
  if (code == 0) code = cursor_.env().copy(&key_, cursor_.key());
  if (code != 0) return cursor_.env().error(code, "read");
  return true;
}

Result<bool> EnvRows::seek_at_most(std::uint64_t key) {
  auto found = arrived(cursor_.seek_at_least(IntegerKey(key).view()));
  if (!found) return found.error();
  if (*found && key_ == key) return true;
  return arrived(cursor_.get(*found ? MDB_PREV : MDB_LAST));
}

Result<bool> EnvRows::seek_first() {
  return arrived(cursor_.get(MDB_FIRST));
}

Result<bool> EnvRows::next() {
  return arrived(cursor_.get(MDB_NEXT));
}

Status EnvRows::copy(std::size_t at, std::span<std::uint8_t> out) {
  CB_ASSERT(at <= size() && out.size() <= size() - at);
  if (const int code = cursor_.env().copy(out.data(), cursor_.value().subspan(at, out.size())))
    return cursor_.env().error(code, "read");
  return ok_status();
}

Result<SharedBytes> EnvRows::batch(std::size_t at, std::size_t bytes) {
  ByteBuffer buffer(bytes);
  if (auto copied = copy(at, {buffer.data(), bytes}); !copied) return copied.error();
  auto batch = buffer.freeze(bytes);
  if (!is_whole(batch.view()))
    return Error{ErrorCode::corrupt_storage,
                 cursor_.env().path() + " holds a damaged batch at raft index " + std::to_string(key_) + " or after"};
  return batch;
}

Status EnvRows::remove() {
  if (const int code = cursor_.remove()) return cursor_.env().error(code, "truncate");
  return ok_status();
}

} // namespace callboard::storage
