#pragma once

#include <cstdint>
#include <span>

#include "schema/bytes.h"
#include "schema/result.h"
#include "storage/lmdb.h"

namespace callboard::storage {

// A position in an integer-keyed table of one segment. Two kinds: over LMDB (the active
// segment, whose pages move) and over the file's pages (closed segments, and files that
// LMDB must not touch yet). A row may be damaged: whoever reads it checks its CRC.
class RowCursor {
public:
  virtual ~RowCursor() = default;

  // To the last row whose key is <= `key`. False: there is none.
  virtual Result<bool> seek_at_most(std::uint64_t key) = 0;
  virtual Result<bool> seek_first() = 0;
  // False: that was the last one.
  virtual Result<bool> next() = 0;

  virtual std::uint64_t key() const = 0;
  virtual std::size_t size() const = 0; // of the row's value
  // Copies from position `at` of the value, within its size.
  virtual Status copy(std::size_t at, std::span<std::uint8_t> out) = 0;
  // A batch within the value, its CRC checked or known to be right. A slice of the map
  // where pages stay as they are, a copy elsewhere.
  virtual Result<SharedBytes> batch(std::size_t at, std::size_t bytes) = 0;
};

// False if a batch does not match the CRC that it carries. Shorter than a header: true,
// the entry's own CRC covers it.
bool is_whole(ByteView batch);

// Over LMDB, within a transaction of the caller's.
class EnvRows final : public RowCursor {
public:
  EnvRows(Txn& txn, MDB_dbi table) : cursor_(txn, table) {}

  Result<bool> seek_at_most(std::uint64_t key) override;
  Result<bool> seek_first() override;
  Result<bool> next() override;
  std::uint64_t key() const override { return key_; }
  std::size_t size() const override { return cursor_.value().size(); }
  Status copy(std::size_t at, std::span<std::uint8_t> out) override;
  Result<SharedBytes> batch(std::size_t at, std::size_t bytes) override;

  // Removes the row that it stands on.
  Status remove();

private:
  Result<bool> arrived(int code);

  Cursor cursor_;
  std::uint64_t key_ = 0;
};

} // namespace callboard::storage
