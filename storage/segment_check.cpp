#include "storage/segment_check.h"

#include <cstdio>

#include "storage/segment_mark.h"

namespace callboard::storage {
namespace {

constexpr std::size_t copied_bytes_per_commit = 4 << 20;

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt_storage, path + " is damaged: " + std::string(what)};
}

class FileSnapshot final : public SegmentSnapshot {
public:
  static Result<std::unique_ptr<FileSnapshot>> open(PageTree& tree) {
    const auto entries = tree.table(entries_table);
    if (!entries) return entries.error();
    const auto index = tree.table(index_table);
    if (!index) return index.error();
    if (!*entries || !*index) return damaged(tree.source().path(), "a table is missing");
    auto snapshot = std::make_unique<FileSnapshot>();
    snapshot->entries_ = tree.cursor(**entries);
    snapshot->index_ = tree.cursor(**index);
    return snapshot;
  }
  RowCursor& entries() override { return *entries_; }
  RowCursor& index() override { return *index_; }

private:
  std::unique_ptr<RowCursor> entries_;
  std::unique_ptr<RowCursor> index_;
};

struct EntryCount {
  std::uint64_t entries = 0;
  RaftIndex next_index;
  std::uint64_t payload_bytes = 0;
  std::optional<Error> damage; // what ended the walk, if not the end
};

// Every entry with its payload, up to the first that is damaged.
EntryCount count_readable(PageTree& tree, GroupId group) {
  EntryCount count;
  auto snapshot = FileSnapshot::open(tree);
  if (!snapshot) {
    count.damage = snapshot.error();
    return count;
  }
  EntryWalker walker(**snapshot, group, tree.source().path());
  auto more = walker.seek_index(RaftIndex{});
  if (more && *more) more = walker.next();
  for (; more && *more; more = walker.next()) {
    const auto payload = walker.payload();
    if (!payload) {
      count.damage = payload.error();
      return count;
    }
    ++count.entries;
    count.payload_bytes += walker.payload_bytes();
    count.next_index = walker.entry().index.next();
  }
  if (!more) count.damage = more.error();
  return count;
}

// A tree to save entries from, and how far it can be read.
struct Candidate {
  PageTree tree;
  EntryCount count;
};

// The newest tree that still has what the last flush promised; else the flushed one.
std::optional<Candidate> best_tree(PageSource& source, GroupId group) {
  std::optional<Candidate> best;
  if (const auto mark = load_mark(mark_path(source.path()));
      mark && mark->last_page < source.file_bytes() / page_bytes) {
    auto tree = PageTree::as_of(source, *mark);
    const auto count = count_readable(tree, group);
    best = Candidate{std::move(tree), count};
  }
  const auto promised = best ? best->count.next_index : RaftIndex{};
  for (const bool older : {true, false}) {
    auto tree = PageTree::open(source, MetaCheck::any, older);
    if (!tree) continue;
    const auto count = count_readable(*tree, group);
    const bool newer = !best || tree->mark().transaction >= best->tree.mark().transaction;
    const bool further = !best || count.next_index >= best->count.next_index;
    if (newer && (!count.damage || (count.next_index >= promised && further)))
      best = Candidate{std::move(*tree), count};
  }
  return best;
}

// Trees that may hold derived state, the newest first.
std::vector<PageTree> readable_states(PageSource& source) {
  std::vector<PageTree> trees;
  for (const bool older : {false, true}) {
    if (auto tree = PageTree::open(source, MetaCheck::any, older)) trees.push_back(std::move(*tree));
  }
  if (const auto mark = load_mark(mark_path(source.path()))) trees.push_back(PageTree::as_of(source, *mark));
  return trees;
}

LogEntry copy_entry(const EntryWalker& walker, SharedBytes payload) {
  auto entry = walker.entry();
  entry.payload = std::move(payload);
  return entry;
}

Status copy_entries(PageTree& tree, GroupId group, RaftIndex end, ActiveSegment& to) {
  auto snapshot = FileSnapshot::open(tree);
  if (!snapshot) return snapshot.error();
  EntryWalker walker(**snapshot, group, tree.source().path());
  auto more = walker.seek_index(RaftIndex{});
  if (!more) return more.error();
  LogWrite write;
  for (RaftIndex next; next < end;) {
    if (more = walker.next(); !more || !*more) return damaged(tree.source().path(), "it changed while it was read");
    auto payload = walker.payload();
    if (!payload) return payload.error();
    write.entries.push_back(copy_entry(walker, std::move(*payload)));
    next = walker.entry().index.next();
    if (next < end && write.payload_bytes() < copied_bytes_per_commit) continue;
    const auto written = to.write(write);
    if (!written) return written.error();
    if (!*written) return Error{ErrorCode::storage_full, to.path() + " cannot take what it is to be rebuilt from"};
    write.entries.clear();
  }
  return ok_status();
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

Result<StoredState> vet_segment(PageSource& source, GroupId group, const SegmentInfo& info,
                                const SegmentOptions& options) {
  auto tree = PageTree::open(source, options.durability == Durability::fsync ? MetaCheck::sequence : MetaCheck::both);
  if (!tree) return tree.error();
  auto stored = read_state(*tree);
  if (!stored) return stored.error();
  if (auto sound = tree->verify(); !sound) return sound.error();
  const auto& header = stored->header;
  if (header.group != group || header.segment != info.id || header.first_index != info.first_index ||
      header.base_offset != info.base_offset)
    return damaged(source.path(), "it is another segment than the manifest says");
  if (options.durability == Durability::interval && header.boots < options.boots) {
    const auto count = count_readable(*tree, group);
    if (count.damage) return *count.damage;
  }
  return stored;
}

Result<ActiveSegment::Opened> rebuild_segment(const std::string& torn, const std::string& path, GroupId group,
                                              const SegmentInfo& info, const SegmentOptions& options,
                                              const RawRows& older_state) {
  auto pages = FilePages::open(torn);
  if (!pages) return pages.error();
  auto best = best_tree(**pages, group);
  if (best) {
    const auto stored = read_state(best->tree);
    if (!stored && stored.error().code == ErrorCode::newer_format) return stored.error();
  }
  auto count = best ? best->count : EntryCount{};
  if (count.entries == 0) count.next_index = info.first_index;
  auto state = older_state;
  for (auto tree : readable_states(**pages)) {
    auto stored = read_state(tree);
    if (!stored || applied_state(stored->state).applied >= count.next_index) continue;
    state = std::move(stored->state);
    break;
  }
  auto room = options;
  room.segment_bytes = std::max(room.segment_bytes, (*pages)->file_bytes());
  auto segment = ActiveSegment::create(path, group, info, room, state, {});
  if (!segment) return segment.error();
  if (count.entries > 0) {
    if (auto copied = copy_entries(best->tree, group, count.next_index, **segment); !copied) return copied.error();
  }
  if (auto synced = (*segment)->sync(); !synced) return synced.error();
  return ActiveSegment::Opened{*segment, std::move(state)};
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
