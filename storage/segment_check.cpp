#include "storage/segment_check.h"

#include <cstdio>

#include "storage/tree_snapshot.h"

namespace callboard::storage {
namespace {

constexpr std::size_t copied_bytes_per_commit = 4 << 20;

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt_storage, path + " is damaged: " + std::string(what)};
}

struct EntryCount {
  std::uint64_t entries = 0;
  RaftIndex next_index;
  std::uint64_t payload_bytes = 0;
  std::optional<Error> damage; // what ended the walk, if not the end
};

// Every entry with its payload, up to the first that is damaged.
EntryCount count_readable(PageTree& tree, GroupId group) {
  EntryCount count;
  TreeSnapshot snapshot;
  if (auto opened = snapshot.open(tree); !opened) {
    count.damage = opened.error();
    return count;
  }
  EntryWalker walker(snapshot, group, tree.source().path());
  auto more = walker.seek_index(RaftIndex{});
  if (more && *more) more = walker.next();
  for (; more && *more; more = walker.next()) {
    const auto payload = walker.payload();
    if (!payload) {
      count.damage = payload.error();
      return count;
    }
    count.entries += walker.entry().span;
    count.payload_bytes += walker.payload_bytes();
    count.next_index = walker.entry().next_index();
  }
  if (!more) count.damage = more.error();
  return count;
}

// Nothing was committed after `mark`.
bool is_newest(const std::string& path, const SegmentMark& mark) {
  const auto pages = FilePages::open(path);
  if (!pages) return false;
  const auto tree = PageTree::open(*pages.value(), MetaCheck::sequence);
  return tree && tree.value().mark() == mark.tree;
}

// The same where power was lost. A later meta page may be torn over the marked one, new in
// front and old where its transaction is: then its tables are not those of the mark, or not
// whole.
bool is_newest_and_whole(const std::string& path, const SegmentMark& mark) {
  if (!is_newest(path, mark)) return false;
  const auto pages = FilePages::open(path);
  if (!pages) return false;
  auto tree = PageTree::open(*pages.value(), MetaCheck::sequence);
  return tree && tree->verify().ok();
}

LogEntry copy_entry(const EntryWalker& walker, SharedBytes payload) {
  auto entry = walker.entry();
  entry.payload = std::move(payload);
  return entry;
}

// All entries of `tree`; a few MiB a commit.
Status copy_entries(PageTree& tree, GroupId group, ActiveSegment& to) {
  TreeSnapshot snapshot;
  if (auto opened = snapshot.open(tree); !opened) return opened;
  EntryWalker walker(snapshot, group, tree.source().path());
  LogWrite write;
  const auto flush = [&]() -> Status {
    const auto written = to.write(write);
    if (!written) return written.error();
    if (!*written) return Error{ErrorCode::storage_full, to.path() + " cannot take what it is to be rebuilt from"};
    write.entries.clear();
    return ok_status();
  };
  auto more = walker.seek_index(RaftIndex{});
  if (more && *more) more = walker.next();
  for (; more && *more; more = walker.next()) {
    auto payload = walker.payload();
    if (!payload) return payload.error();
    write.entries.push_back(copy_entry(walker, std::move(*payload)));
    if (write.payload_bytes() < copied_bytes_per_commit) continue;
    if (auto flushed = flush(); !flushed) return flushed;
  }
  if (!more) return more.error();
  return write.entries.empty() ? ok_status() : flush();
}

} // namespace

Result<StoredState> read_state(PageTree& tree) {
  const auto& path = tree.source().path();
  const auto table = tree.table(state_table);
  if (!table) return table.error();
  if (!*table) return damaged(path, "it has no state table");
  StoredState stored;
  std::optional<SegmentHeader> header;
  auto read = tree.for_each(**table, [&](ByteView key, ByteView value) -> Status {
    const auto opened = open_row(text_of(key), value);
    if (!opened) return damaged(path, "a state row does not match its CRC");
    if (text_of(key) == segment_row) {
      header = decode_segment_header(*opened);
    } else {
      stored.state.emplace_back(text_of(key), text_of(value));
    }
    return ok_status();
  });
  if (!read) return read.error();
  if (!header) return damaged(path, "it does not say whose segment it is");
  if (header->format > segment_format)
    return Error{ErrorCode::newer_format, path + " was written by a newer Callboard; start that version"};
  stored.header = *header;
  return stored;
}

Result<StoredState> vet_segment(PageSource& source, GroupId group, const SegmentInfo& info) {
  auto tree = PageTree::open(source, MetaCheck::sequence);
  if (!tree) return tree.error();
  auto stored = read_state(*tree);
  if (!stored) return stored.error();
  if (auto sound = tree->verify(); !sound) return sound.error();
  const auto& header = stored->header;
  if (header.group != group || header.segment != info.id || header.first_index != info.first_index ||
      header.base_offset != info.base_offset)
    return damaged(source.path(), "it is another segment than the manifest says");
  return stored;
}

bool has_unflushed(const std::string& path) {
  const auto mark = load_mark(mark_path(path));
  return mark && !is_newest(path, *mark);
}

std::optional<SegmentMark> fallback_of(const std::string& path, std::uint64_t unclean_boots) {
  const auto mark = load_mark(mark_path(path));
  if (!mark || mark->boots >= unclean_boots || is_newest_and_whole(path, *mark)) return std::nullopt;
  return mark;
}

Result<ActiveSegment::Opened> rebuild_segment(const std::string& torn, const SegmentMark& mark, const std::string& path,
                                              GroupId group, const SegmentInfo& info, const SegmentOptions& options) {
  auto pages = FilePages::open(torn);
  if (!pages) return pages.error();
  auto tree = PageTree::as_of(**pages, mark.tree);
  auto stored = read_state(tree);
  if (!stored) return stored.error();
  auto room = options;
  room.segment_bytes = std::max(room.segment_bytes, (*pages)->file_bytes());
  auto segment = ActiveSegment::create(path, group, info, room, stored->state, {});
  if (!segment) return segment.error();
  if (auto copied = copy_entries(tree, group, **segment); !copied) return copied.error();
  if (options.durability == Durability::interval) {
    if (auto marked = (*segment)->checkpoint(); !marked) return marked.error();
  }
  return ActiveSegment::Opened{*segment, std::move(stored->state)};
}

int verify_segment_main(const std::string& path) {
  const auto fail = [](const Error& error) {
    std::printf("%s\n", error.message.c_str());
    return 1;
  };
  auto pages = FilePages::open(path);
  if (!pages) return fail(pages.error());
  auto tree = PageTree::open(**pages, MetaCheck::any);
  if (!tree) return fail(tree.error());
  auto stored = read_state(*tree);
  if (!stored) return fail(stored.error());
  if (auto sound = tree->verify(); !sound) return fail(sound.error());
  const auto count = count_readable(*tree, stored->header.group);
  if (count.damage) return fail(*count.damage);
  std::printf("%s is whole: group %llu, segment %llu, %llu entries from raft index %llu, %llu payload bytes\n",
              path.c_str(), static_cast<unsigned long long>(stored->header.group.value),
              static_cast<unsigned long long>(stored->header.segment.value),
              static_cast<unsigned long long>(count.entries),
              static_cast<unsigned long long>(stored->header.first_index.value),
              static_cast<unsigned long long>(count.payload_bytes));
  return 0;
}

} // namespace callboard::storage
