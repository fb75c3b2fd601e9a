#include "storage/page_tree.h"

#include <algorithm>
#include <fcntl.h>

#include "storage/keys.h"

namespace callboard::storage {
namespace {

constexpr std::size_t page_header_bytes = 16;
constexpr std::size_t node_header_bytes = 8;
constexpr std::uint16_t branch_page = 1;
constexpr std::uint16_t leaf_page = 2;
constexpr std::uint16_t meta_page = 8;
constexpr std::uint16_t free_table_flags = 0x4008; // integer keys; this table's flags also keep MDB_NOSUBDIR
constexpr std::uint32_t meta_magic = 0xBEEFC0DE;
constexpr std::uint32_t meta_version = 1;
constexpr std::uint16_t value_on_own_pages = 1;
constexpr std::uint16_t value_is_table = 2;
constexpr std::size_t depth_max = 32; // LMDB's own cursor stack
constexpr std::size_t read_ahead_bytes = 64 << 10;

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt_storage, path + " is damaged: " + std::string(what)};
}

std::string page_text(std::uint64_t number, std::string_view what) {
  return "page " + std::to_string(number) + " " + std::string(what);
}

std::uint64_t overflow_pages(std::uint64_t value_bytes) {
  return (page_header_bytes + value_bytes + page_bytes - 1) / page_bytes;
}

struct Meta {
  std::uint64_t last_page = 0;
  std::uint64_t transaction = 0;
  TableRoot free;
  TableRoot main;
};

// Page header, then: magic u32, version u32, address u64, map size u64, two table roots
// (the first one's leading u32 is the page size), last page u64, transaction u64.
Result<Meta> read_meta(PageSource& source, std::uint64_t number) {
  std::array<std::uint8_t, page_header_bytes + 136> bytes{};
  if (auto got = source.read(number * page_bytes, bytes); !got) return got.error();
  const auto* at = bytes.data() + page_header_bytes;
  Meta meta;
  meta.free = read_table_root(at + 24);
  meta.main = read_table_root(at + 24 + table_root_bytes);
  meta.last_page = load_le<std::uint64_t>(at + 120);
  meta.transaction = load_le<std::uint64_t>(at + 128);
  const bool ours = load_le<std::uint64_t>(bytes.data()) == number &&
                    load_le<std::uint16_t>(bytes.data() + 10) == meta_page &&
                    load_le<std::uint32_t>(at) == meta_magic && load_le<std::uint32_t>(at + 4) == meta_version &&
                    load_le<std::uint64_t>(at + 8) == 0 && load_le<std::uint32_t>(at + 24) == page_bytes &&
                    meta.free.flags == free_table_flags && meta.main.flags == 0;
  if (!ours) return damaged(source.path(), page_text(number, "is not a meta page of LMDB"));
  if (meta.last_page < 1 || meta.last_page >= source.file_bytes() / page_bytes)
    return damaged(source.path(), "it is shorter than its " + std::to_string(meta.last_page + 1) + " pages");
  return meta;
}

// LMDB writes transaction n to meta page n % 2; a new file has two zeros.
bool in_sequence(const Meta& even, const Meta& odd) {
  if (even.transaction == 0 && odd.transaction == 0) return true;
  const auto older = std::min(even.transaction, odd.transaction);
  return even.transaction % 2 == 0 && odd.transaction % 2 == 1 &&
         std::max(even.transaction, odd.transaction) - older == 1;
}

int compare_keys(bool integers, ByteView a, ByteView b) {
  if (integers) {
    const auto x = load_le<std::uint64_t>(a.data());
    const auto y = load_le<std::uint64_t>(b.data());
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return text_of(a).compare(text_of(b));
}

// Which key of an integer table's page is the last <= key; -1: none. A branch's first
// key counts as lower than all.
std::ptrdiff_t last_at_most(const TreePage& page, std::uint64_t key) {
  std::ptrdiff_t low = page.leaf() ? -1 : 0;
  auto high = static_cast<std::ptrdiff_t>(page.rows());
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    (load_le<std::uint64_t>(page.key(static_cast<std::size_t>(middle)).data()) <= key ? low : high) = middle;
  }
  return low;
}

class TreeRows final : public RowCursor {
public:
  TreeRows(const PageTree& tree, const TableRoot& table) : tree_(tree), table_(table) {}

  Result<bool> seek_at_most(std::uint64_t key) override {
    path_.clear();
    if (table_.empty()) return false;
    if (auto down = descend(table_.root, key); !down) return down.error();
    const auto at = last_at_most(page_, key);
    if (at < 0) return false;
    at_ = static_cast<std::size_t>(at);
    return arrived();
  }

  Result<bool> seek_first() override {
    path_.clear();
    if (table_.empty()) return false;
    if (auto down = descend(table_.root, 0); !down) return down.error();
    at_ = 0;
    return arrived();
  }

  Result<bool> next() override {
    if (++at_ < page_.rows()) return arrived();
    while (!path_.empty()) {
      auto& [number, child] = path_.back();
      if (auto loaded = page_.load(tree_.source(), number, tree_.last_page()); !loaded) return loaded.error();
      if (++child < page_.rows()) {
        if (auto down = descend(page_.child(child), 0); !down) return down.error();
        at_ = 0;
        return arrived();
      }
      path_.pop_back();
    }
    return false;
  }

  std::uint64_t key() const override { return load_le<std::uint64_t>(row_.key.data()); }
  std::size_t size() const override { return row_.value_bytes; }
  Status copy(std::size_t at, std::span<std::uint8_t> out) override { return tree_.read_value(row_, at, out); }
  Result<SharedBytes> batch(std::size_t at, std::size_t bytes) override {
    if (row_.overflow_page != 0)
      return tree_.source().batch(row_.overflow_page * page_bytes + page_header_bytes + at, bytes);
    const auto copied = SharedBytes::copy_of(row_.inline_value.subspan(at, bytes));
    if (!is_whole(copied.view())) return damaged(tree_.source().path(), "a batch does not match its CRC");
    return copied;
  }

private:
  // Down to a leaf, along the last child at or below `key`.
  Status descend(std::uint64_t number, std::uint64_t key) {
    for (;;) {
      if (auto loaded = page_.load(tree_.source(), number, tree_.last_page()); !loaded) return loaded;
      if (path_.size() >= depth_max) return damaged(tree_.source().path(), "its tree has no leaves");
      for (std::size_t i = page_.leaf() ? 0 : 1; i < page_.rows(); ++i) {
        if (page_.key(i).size() != 8) return damaged(tree_.source().path(), page_text(number, "has foreign keys"));
      }
      if (page_.leaf()) return ok_status();
      const auto child = static_cast<std::size_t>(last_at_most(page_, key));
      path_.emplace_back(number, child);
      number = page_.child(child);
    }
  }
  Result<bool> arrived() {
    row_ = page_.row(at_);
    if ((row_.flags & ~value_on_own_pages) != 0) return damaged(tree_.source().path(), "a row is of no known kind");
    return true;
  }

  PageTree tree_;
  TableRoot table_;
  TreePage page_;
  std::vector<std::pair<std::uint64_t, std::size_t>> path_; // branch pages and the child taken
  std::size_t at_ = 0;
  PageRow row_;
};

// The walk behind PageTree::verify().
class Verifier {
public:
  Verifier(PageTree& tree) : tree_(tree), used_(tree.last_page() + 1, false) {}

  Status table(const TableRoot& root, bool main) {
    if (root.empty()) return ok_status();
    counted_ = {};
    last_key_.clear();
    has_key_ = false;
    integers_ = root.integer_keys();
    main_ = main;
    if (auto walked = page(root.root, 1, root.depth); !walked) return walked;
    if (counted_.branch_pages != root.branch_pages || counted_.leaf_pages != root.leaf_pages ||
        counted_.overflow_pages != root.overflow_pages || counted_.rows != root.rows)
      return wrong("a table does not hold what it counts");
    return ok_status();
  }

  // Values of the free table: how many pages, then their numbers, falling.
  Status free_pages(const TableRoot& root) {
    return tree_.for_each(root, [this](ByteView, ByteView value) -> Status {
      if (value.size() < 8 || value.size() % 8 != 0 || load_le<std::uint64_t>(value.data()) > value.size() / 8 - 1)
        return wrong("its list of free pages is torn");
      const auto count = load_le<std::uint64_t>(value.data());
      std::uint64_t above = tree_.last_page() + 1;
      for (std::uint64_t i = 1; i <= count; ++i) {
        const auto number = load_le<std::uint64_t>(value.data() + 8 * i);
        if (number >= above) return wrong("its list of free pages is out of order");
        if (auto taken = take(number, 1); !taken) return taken;
        above = number;
      }
      return ok_status();
    });
  }

private:
  Error wrong(std::string_view what) const { return damaged(tree_.source().path(), what); }

  Status take(std::uint64_t first, std::uint64_t count) {
    if (first < 2 || count == 0 || first > tree_.last_page() || count > tree_.last_page() + 1 - first)
      return wrong(page_text(first, "lies outside"));
    for (auto number = first; number < first + count; ++number) {
      if (used_[number]) return wrong(page_text(number, "is used twice"));
      used_[number] = true;
    }
    return ok_status();
  }

  Status page(std::uint64_t number, std::size_t level, std::size_t depth) {
    if (auto taken = take(number, 1); !taken) return taken;
    if (level > depth || depth > depth_max) return wrong("a tree is deeper than it says");
    const auto loaded_page = std::make_unique<TreePage>();
    if (auto loaded = loaded_page->load(tree_.source(), number, tree_.last_page()); !loaded) return loaded;
    if (loaded_page->leaf() != (level == depth)) return wrong(page_text(number, "stands at the wrong depth"));
    return loaded_page->leaf() ? leaf(*loaded_page) : branch(*loaded_page, level, depth);
  }

  // Keys on both sides of a separator: all to its left are lower, none to its right is.
  Status branch(const TreePage& page_view, std::size_t level, std::size_t depth) {
    ++counted_.branch_pages;
    for (std::size_t i = 0; i < page_view.rows(); ++i) {
      if (i > 0) {
        if (auto ordered = advance(page_view.key(i), true); !ordered) return ordered;
      }
      if (auto walked = page(page_view.child(i), level + 1, depth); !walked) return walked;
    }
    return ok_status();
  }

  Status leaf(const TreePage& page_view) {
    ++counted_.leaf_pages;
    for (std::size_t i = 0; i < page_view.rows(); ++i) {
      const auto row = page_view.row(i);
      if (auto ordered = advance(row.key, false); !ordered) return ordered;
      if (row.flags != (main_ ? value_is_table : row.overflow_page != 0 ? value_on_own_pages : 0))
        return wrong("a row is of no known kind");
      if (row.overflow_page != 0) {
        if (auto own = overflow(row); !own) return own;
      }
    }
    counted_.rows += page_view.rows();
    return ok_status();
  }

  // Keys and separators come strictly in order, except that a separator may equal the
  // key that follows it.
  Status advance(ByteView key, bool separator) {
    if (integers_ && key.size() != 8) return wrong("a key has the wrong size");
    if (has_key_) {
      const int order = compare_keys(integers_, bytes_of(last_key_), key);
      if (order > 0 || (order == 0 && !after_separator_)) return wrong("its keys are out of order");
    }
    last_key_ = text_of(key);
    has_key_ = true;
    after_separator_ = separator;
    return ok_status();
  }

  Status overflow(const PageRow& row) {
    const auto pages = overflow_pages(row.value_bytes);
    if (auto taken = take(row.overflow_page, pages); !taken) return taken;
    std::array<std::uint8_t, page_header_bytes> header{};
    if (auto got = tree_.source().read(row.overflow_page * page_bytes, header); !got) return got;
    if (load_le<std::uint64_t>(header.data()) != row.overflow_page || load_le<std::uint16_t>(header.data() + 10) != 4 ||
        load_le<std::uint32_t>(header.data() + 12) != pages)
      return wrong(page_text(row.overflow_page, "is not the start of a value"));
    counted_.overflow_pages += pages;
    return ok_status();
  }

  PageTree& tree_;
  std::vector<bool> used_;
  TableRoot counted_;
  std::string last_key_;
  bool has_key_ = false;
  bool after_separator_ = false;
  bool integers_ = false;
  bool main_ = false;
};

} // namespace

TableRoot read_table_root(const std::uint8_t* at) {
  TableRoot table;
  table.flags = load_le<std::uint16_t>(at + 4);
  table.depth = load_le<std::uint16_t>(at + 6);
  table.branch_pages = load_le<std::uint64_t>(at + 8);
  table.leaf_pages = load_le<std::uint64_t>(at + 16);
  table.overflow_pages = load_le<std::uint64_t>(at + 24);
  table.rows = load_le<std::uint64_t>(at + 32);
  table.root = load_le<std::uint64_t>(at + 40);
  return table;
}

void store_table_root(std::uint8_t* at, const TableRoot& table) {
  store_le(at, std::uint32_t{0});
  store_le(at + 4, table.flags);
  store_le(at + 6, table.depth);
  store_le(at + 8, table.branch_pages);
  store_le(at + 16, table.leaf_pages);
  store_le(at + 24, table.overflow_pages);
  store_le(at + 32, table.rows);
  store_le(at + 40, table.root);
}

Result<std::unique_ptr<FilePages>> FilePages::open(const std::string& path) {
  auto file = File::open(path, O_RDONLY);
  if (!file) return file.error();
  const auto bytes = file->size();
  if (!bytes) return bytes.error();
  return std::unique_ptr<FilePages>(new FilePages(std::move(*file), *bytes));
}

Status FilePages::read(std::uint64_t at, std::span<std::uint8_t> out) {
  const auto ahead_end = ahead_at_ + ahead_bytes_;
  if (at < ahead_at_ || at + out.size() > ahead_end) {
    const bool in_order = at == ahead_end && out.size() <= page_bytes && at + out.size() <= bytes_;
    if (!in_order) {
      ahead_at_ = at + out.size();
      ahead_bytes_ = 0;
      return file_.read_at(at, out);
    }
    ahead_.resize(read_ahead_bytes);
    ahead_at_ = at;
    ahead_bytes_ = std::min<std::uint64_t>(read_ahead_bytes, bytes_ - at);
    if (auto got = file_.read_at(at, std::span(ahead_).first(ahead_bytes_)); !got) return got;
  }
  std::memcpy(out.data(), ahead_.data() + (at - ahead_at_), out.size());
  return ok_status();
}

Result<SharedBytes> FilePages::batch(std::uint64_t at, std::size_t bytes) {
  ByteBuffer buffer(bytes);
  if (auto got = file_.read_at(at, {buffer.data(), bytes}); !got) return got.error();
  auto batch = buffer.freeze(bytes);
  if (!is_whole(batch.view())) return damaged(path(), "a batch does not match its CRC");
  return batch;
}

const std::uint8_t* TreePage::node(std::size_t i) const {
  return bytes_.data() + load_le<std::uint16_t>(bytes_.data() + page_header_bytes + 2 * i);
}

ByteView TreePage::key(std::size_t i) const {
  if (!leaf_ && i == 0) return {};
  return {node(i) + node_header_bytes, load_le<std::uint16_t>(node(i) + 6)};
}

std::uint64_t TreePage::child(std::size_t i) const {
  const auto* at = node(i);
  return load_le<std::uint32_t>(at) | std::uint64_t{load_le<std::uint16_t>(at + 4)} << 32;
}

PageRow TreePage::row(std::size_t i) const {
  const auto* at = node(i);
  PageRow row;
  row.key = key(i);
  row.flags = load_le<std::uint16_t>(at + 4);
  row.value_bytes = load_le<std::uint32_t>(at);
  const auto* value = at + node_header_bytes + row.key.size();
  if ((row.flags & value_on_own_pages) != 0) {
    row.overflow_page = load_le<std::uint64_t>(value);
  } else {
    row.inline_value = {value, row.value_bytes};
  }
  return row;
}

Status TreePage::load(PageSource& source, std::uint64_t number, std::uint64_t last_page) {
  if (number < 2 || number > last_page) return damaged(source.path(), page_text(number, "lies outside"));
  if (auto got = source.read(number * page_bytes, bytes_); !got) return got;
  return check(source.path(), number, last_page);
}

Status TreePage::check(const std::string& path, std::uint64_t number, std::uint64_t last_page) {
  const auto flags = load_le<std::uint16_t>(bytes_.data() + 10);
  const std::size_t lower = load_le<std::uint16_t>(bytes_.data() + 12);
  const std::size_t upper = load_le<std::uint16_t>(bytes_.data() + 14);
  leaf_ = flags == leaf_page;
  const bool sane = load_le<std::uint64_t>(bytes_.data()) == number && (leaf_ || flags == branch_page) &&
                    lower >= page_header_bytes && lower % 2 == 0 && lower <= upper && upper <= page_bytes;
  if (!sane) return damaged(path, page_text(number, "has a damaged header"));
  rows_ = (lower - page_header_bytes) / 2;
  if (rows_ < (leaf_ ? 1 : 2)) return damaged(path, page_text(number, "is empty"));
  for (std::size_t i = 0; i < rows_; ++i) {
    const std::size_t at = load_le<std::uint16_t>(bytes_.data() + page_header_bytes + 2 * i);
    bool fits = at >= upper && at % 2 == 0 && at + node_header_bytes <= page_bytes;
    std::uint64_t end = 0;
    if (fits) {
      const auto kind = load_le<std::uint16_t>(node(i) + 4);
      end = at + node_header_bytes + load_le<std::uint16_t>(node(i) + 6);
      if (leaf_) end += (kind & value_on_own_pages) != 0 ? 8 : load_le<std::uint32_t>(node(i));
      fits = end <= page_bytes && (leaf_ || (child(i) >= 2 && child(i) <= last_page));
    }
    if (!fits) return damaged(path, page_text(number, "has a row outside its bounds"));
    if (!leaf_ || (row(i).flags & value_on_own_pages) == 0) continue;
    const auto first = row(i).overflow_page;
    if (first < 2 || first > last_page || overflow_pages(row(i).value_bytes) > last_page + 1 - first)
      return damaged(path, page_text(number, "points outside"));
  }
  return ok_status();
}

Result<PageTree> PageTree::open(PageSource& source, MetaCheck check) {
  const auto even = read_meta(source, 0);
  const auto odd = read_meta(source, 1);
  const bool lenient = check == MetaCheck::any;
  if (!even && (!lenient || !odd)) return even.error();
  if (!odd && !lenient) return odd.error();
  if (check == MetaCheck::sequence && !in_sequence(*even, *odd))
    return damaged(source.path(), "its two meta pages are of " + std::to_string(even->transaction) + " and " +
                                      std::to_string(odd->transaction) + ", not of consecutive transactions");
  const Meta* newest = !odd || (even && even->transaction >= odd->transaction) ? &*even : &*odd;
  PageTree tree;
  tree.source_ = &source;
  tree.transaction_ = newest->transaction;
  tree.last_page_ = newest->last_page;
  tree.free_ = newest->free;
  tree.main_ = newest->main;
  return tree;
}

PageTree PageTree::as_of(PageSource& source, const TreeMark& mark) {
  PageTree tree;
  tree.source_ = &source;
  tree.transaction_ = mark.transaction;
  tree.last_page_ = mark.last_page;
  tree.main_ = mark.main;
  return tree;
}

Result<std::optional<TableRoot>> PageTree::table(std::string_view name) {
  std::optional<TableRoot> found;
  auto walked = for_each(main_, [&](ByteView key, ByteView value) -> Status {
    if (value.size() != table_root_bytes) return damaged(source_->path(), "its list of tables is torn");
    if (text_of(key) == name) found = read_table_root(value.data());
    return ok_status();
  });
  if (!walked) return walked.error();
  return found;
}

Status PageTree::for_each(const TableRoot& table, const Visit& visit) {
  std::vector<std::pair<std::uint64_t, std::size_t>> path{{table.root, 0}};
  if (table.empty()) return ok_status();
  TreePage page;
  std::vector<std::uint8_t> value;
  while (!path.empty()) {
    auto& [number, child] = path.back();
    if (auto loaded = page.load(*source_, number, last_page_); !loaded) return loaded;
    if (path.size() > depth_max) return damaged(source_->path(), "its tree has no leaves");
    if (!page.leaf() && child < page.rows()) {
      path.emplace_back(page.child(child++), 0);
      continue;
    }
    for (std::size_t i = 0; page.leaf() && i < page.rows(); ++i) {
      const auto row = page.row(i);
      value.resize(row.value_bytes);
      if (auto got = read_value(row, 0, value); !got) return got;
      if (auto visited = visit(row.key, value); !visited) return visited;
    }
    path.pop_back();
  }
  return ok_status();
}

std::unique_ptr<RowCursor> PageTree::cursor(const TableRoot& table) {
  return std::make_unique<TreeRows>(*this, table);
}

Status PageTree::read_value(const PageRow& row, std::size_t at, std::span<std::uint8_t> out) {
  CB_ASSERT(at <= row.value_bytes && out.size() <= row.value_bytes - at);
  if (row.overflow_page != 0) return source_->read(row.overflow_page * page_bytes + page_header_bytes + at, out);
  if (!out.empty()) std::memcpy(out.data(), row.inline_value.data() + at, out.size());
  return ok_status();
}

Status PageTree::verify() {
  Verifier verifier(*this);
  std::vector<TableRoot> tables;
  if (auto main = verifier.table(main_, true); !main) return main;
  auto listed = for_each(main_, [&](ByteView, ByteView value) -> Status {
    if (value.size() != table_root_bytes) return damaged(source_->path(), "its list of tables is torn");
    tables.push_back(read_table_root(value.data()));
    return ok_status();
  });
  if (!listed) return listed;
  for (const auto& root : tables) {
    if ((root.flags & ~std::uint16_t{8}) != 0) return damaged(source_->path(), "a table is of no known kind");
    if (auto walked = verifier.table(root, false); !walked) return walked;
  }
  if (auto free = verifier.table(free_, false); !free) return free;
  return verifier.free_pages(free_);
}

} // namespace callboard::storage
