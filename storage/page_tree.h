#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/file.h"
#include "storage/row_cursor.h"

// LMDB's file format (0.9, data version 1, 4 KiB pages), read without LMDB: every number
// is checked before it is used, so no byte of a file can lead it astray. It reads closed
// segments, vets a file before LMDB maps it, and saves what a torn one still holds.
namespace callboard::storage {

inline constexpr std::size_t page_bytes = 4096;

// Where pages come from: a file, or the map of one.
class PageSource {
public:
  virtual ~PageSource() = default;
  virtual std::uint64_t file_bytes() const = 0;
  virtual const std::string& path() const = 0;
  virtual Status read(std::uint64_t at, std::span<std::uint8_t> out) = 0;
  // A batch with a right CRC, copied or sliced.
  virtual Result<SharedBytes> batch(std::uint64_t at, std::size_t bytes) = 0;
};

// By pread; reads ahead while pages come in order.
class FilePages final : public PageSource {
public:
  static Result<std::unique_ptr<FilePages>> open(const std::string& path);
  std::uint64_t file_bytes() const override { return bytes_; }
  const std::string& path() const override { return file_.path(); }
  Status read(std::uint64_t at, std::span<std::uint8_t> out) override;
  Result<SharedBytes> batch(std::uint64_t at, std::size_t bytes) override;

private:
  FilePages(File file, std::uint64_t bytes) : file_(std::move(file)), bytes_(bytes) {}

  File file_;
  std::uint64_t bytes_;
  std::vector<std::uint8_t> ahead_;
  std::uint64_t ahead_at_ = 0;
  std::uint64_t ahead_bytes_ = 0;
};

// The root of one table and what LMDB counts about it.
struct TableRoot {
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t rows = 0;
  std::uint64_t root = 0;
  bool empty() const { return root == ~std::uint64_t{0}; }
  bool integer_keys() const { return (flags & 8) != 0; }

  bool operator==(const TableRoot&) const = default;
};
// As LMDB stores it, 48 bytes.
inline constexpr std::size_t table_root_bytes = 48;
TableRoot read_table_root(const std::uint8_t* at);
void store_table_root(std::uint8_t* at, const TableRoot& table);

// What a meta page says of one transaction, as far as reading needs it.
struct TreeMark {
  std::uint64_t transaction = 0;
  std::uint64_t last_page = 0;
  TableRoot main;

  bool operator==(const TreeMark&) const = default;
};

// A row's place: its value lies in the leaf or on pages of its own.
struct PageRow {
  std::uint16_t flags = 0;
  ByteView key;                    // within the leaf
  ByteView inline_value;           // within the leaf, unless overflow_page is set
  std::uint64_t overflow_page = 0; // of the page header before the value
  std::uint64_t value_bytes = 0;
};

// One page, checked: type, number, bounds of every row.
class TreePage {
public:
  Status load(PageSource& source, std::uint64_t number, std::uint64_t last_page);
  bool leaf() const { return leaf_; }
  std::size_t rows() const { return rows_; }
  PageRow row(std::size_t i) const;         // of a leaf
  ByteView key(std::size_t i) const;        // of either; empty for a branch's first
  std::uint64_t child(std::size_t i) const; // of a branch

private:
  Status check(const std::string& path, std::uint64_t number, std::uint64_t last_page);
  const std::uint8_t* node(std::size_t i) const;

  std::array<std::uint8_t, page_bytes> bytes_{};
  bool leaf_ = false;
  std::size_t rows_ = 0;
};

// How much is asked of the two meta pages.
enum class MetaCheck : std::uint8_t {
  sequence, // both are good and of consecutive transactions, as commits leave them
  any,      // one is good: where something else vouches for the file
};

// A consistent view of the file as of its newest meta page.
class PageTree {
public:
  static Result<PageTree> open(PageSource& source, MetaCheck check);
  // As of a transaction that no meta page names any more, but whose pages are there.
  static PageTree as_of(PageSource& source, const TreeMark& mark);
  TreeMark mark() const { return {transaction_, last_page_, main_}; }

  Result<std::optional<TableRoot>> table(std::string_view name);
  // Every row in key order; `visit` gets the value's bytes.
  using Visit = std::function<Status(ByteView key, ByteView value)>;
  Status for_each(const TableRoot& table, const Visit& visit);
  std::unique_ptr<RowCursor> cursor(const TableRoot& table);
  Status read_value(const PageRow& row, std::size_t at, std::span<std::uint8_t> out);

  // Walks every page that LMDB may touch: both trees of each table, keys in order,
  // counts as recorded, overflow headers, and that no page is used twice or both used
  // and free. After it LMDB may open the file. Not covered: the rows' content.
  Status verify();

  PageSource& source() { return *source_; }
  std::uint64_t last_page() const { return last_page_; }

private:
  PageTree() = default;

  PageSource* source_ = nullptr;
  std::uint64_t transaction_ = 0;
  std::uint64_t last_page_ = 0;
  TableRoot free_;
  TableRoot main_;
};

} // namespace callboard::storage
