#include "storage/keys.h"

#include "schema/crc32c.h"
#include "schema/record_batch.h"

namespace callboard::storage {
namespace {

constexpr std::uint8_t group_record_version = 4; // 1: voters alone; 2: before compaction; 3: before lives
// Of the last field: HardState::recovering and brought_in.
constexpr unsigned recovering_bit = 1;
constexpr unsigned brought_in_bit = 2;

// Appends little-endian integers.
class RowWriter {
public:
  template <class Int>
  RowWriter& put(Int value) {
    std::uint8_t bytes[sizeof value];
    store_le(bytes, value);
    out_.append(reinterpret_cast<const char*>(bytes), sizeof value);
    return *this;
  }
  std::string take() { return std::move(out_); }

private:
  std::string out_;
};

// Reads them back; past the end it gives zeros and remembers.
class RowReader {
public:
  explicit RowReader(ByteView bytes) : bytes_(bytes) {}
  template <class Int>
  Int get() {
    if (bytes_.size() < sizeof(Int)) {
      ok_ = false;
      return 0;
    }
    const auto value = load_le<Int>(bytes_.data());
    bytes_ = bytes_.subspan(sizeof(Int));
    return value;
  }
  std::size_t left() const { return bytes_.size(); }
  bool finished() const { return ok_ && bytes_.empty(); }

private:
  ByteView bytes_;
  bool ok_ = true;
};

constexpr std::size_t segment_info_bytes_min = 57; // without tombstones, as in version 2

void put_segment_info(RowWriter& out, const SegmentInfo& info) {
  out.put(info.id.value).put(info.first_index.value).put(info.base_offset.value);
  out.put(static_cast<std::uint8_t>(info.closed));
  out.put(info.created_at).put(info.max_timestamp).put(info.bytes).put(info.payload_bytes).put(info.tombstones);
}

SegmentInfo get_segment_info(RowReader& in, std::uint8_t version) {
  SegmentInfo info;
  info.id = SegmentId(in.get<std::uint64_t>());
  info.first_index = RaftIndex(in.get<std::uint64_t>());
  info.base_offset = Offset(in.get<std::int64_t>());
  info.closed = in.get<std::uint8_t>() != 0;
  info.created_at = in.get<TimestampMs>();
  info.max_timestamp = in.get<TimestampMs>();
  info.bytes = in.get<std::uint64_t>();
  info.payload_bytes = in.get<std::uint64_t>();
  if (version >= 3) info.tombstones = in.get<std::uint64_t>();
  return info;
}

void put_nodes(RowWriter& out, const std::vector<NodeId>& nodes) {
  out.put(static_cast<std::uint32_t>(nodes.size()));
  for (const auto node : nodes) out.put(node.value);
}

bool get_nodes(RowReader& in, std::vector<NodeId>& nodes) {
  const auto count = in.get<std::uint32_t>();
  if (count > in.left() / sizeof(NodeId::rep)) return false;
  for (std::uint32_t i = 0; i < count; ++i) nodes.emplace_back(in.get<NodeId::rep>());
  return true;
}

Error damaged_record(GroupId group) {
  return {ErrorCode::corrupt_storage, "the record of group " + std::to_string(group.value) +
                                          " in node-state is damaged; restore this replica from its peers"};
}

} // namespace

std::size_t covered_payload(EntryType type, std::size_t payload_bytes) {
  return type == EntryType::batch && payload_bytes >= batch_header_bytes ? batch_crc_from : payload_bytes;
}

void put_entry(std::uint8_t* out, GroupId group, const LogEntry& entry) {
  const auto size = entry.payload.size();
  std::memset(out, 0, 8);
  out[0] = entry.type == EntryType::gap ? gap_entry_format : entry_format;
  out[1] = static_cast<std::uint8_t>(entry.type);
  store_le(out + 8, static_cast<std::uint32_t>(size));
  store_le(out + 12, entry.term.value);
  store_le(out + 16, entry.offset_count);
  store_le(out + 20, entry.base_offset.value);
  store_le(out + 28, entry.max_timestamp);
  if (size > 0) std::memcpy(out + entry_header_bytes, entry.payload.data(), size);
  const auto covered = entry_header_bytes + covered_payload(entry.type, size);
  store_le(out + 4, entry_crc(group, entry.index, {out, covered}));
}

EntryHeader read_entry_header(const std::uint8_t* bytes) {
  EntryHeader header;
  header.version = bytes[0];
  header.crc = load_le<std::uint32_t>(bytes + 4);
  header.payload_bytes = load_le<std::uint32_t>(bytes + 8);
  header.entry.type = static_cast<EntryType>(bytes[1]);
  header.entry.term = Term(load_le<std::int32_t>(bytes + 12));
  header.entry.offset_count = load_le<std::int32_t>(bytes + 16);
  header.entry.base_offset = Offset(load_le<std::int64_t>(bytes + 20));
  header.entry.max_timestamp = load_le<TimestampMs>(bytes + 28);
  return header;
}

std::uint32_t entry_crc(GroupId group, RaftIndex index, ByteView bytes) {
  std::uint8_t seed[20];
  store_le(seed, group.value);
  store_le(seed + 8, index.value);
  std::memcpy(seed + 16, bytes.data(), 4);
  return crc32c(bytes.subspan(8), crc32c(seed));
}

std::array<std::uint8_t, index_row_bytes> encode_index_row(std::uint64_t offset, const IndexRow& row) {
  std::array<std::uint8_t, index_row_bytes> out{};
  store_le(out.data(), row.index.value);
  store_le(out.data() + 8, row.max_timestamp_before);
  store_le(out.data() + 16, row.payload_bytes_before);
  store_le(out.data() + 24, crc32c(ByteView(out).first(24), crc32c(IntegerKey(offset).view())));
  return out;
}

std::optional<IndexRow> decode_index_row(std::uint64_t offset, ByteView value) {
  if (value.size() != index_row_bytes) return std::nullopt;
  if (load_le<std::uint32_t>(value.data() + 24) != crc32c(value.first(24), crc32c(IntegerKey(offset).view())))
    return std::nullopt;
  IndexRow row;
  row.index = RaftIndex(load_le<std::uint64_t>(value.data()));
  row.max_timestamp_before = load_le<TimestampMs>(value.data() + 8);
  row.payload_bytes_before = load_le<std::uint64_t>(value.data() + 16);
  return row;
}

std::string seal_row(std::string_view key, ByteView value) {
  std::string out(text_of(value));
  std::uint8_t crc[4];
  store_le(crc, crc32c(value, crc32c(bytes_of(key))));
  return out.append(text_of(crc));
}

std::optional<ByteView> open_row(std::string_view key, ByteView sealed) {
  if (sealed.size() < 4) return std::nullopt;
  const auto value = sealed.first(sealed.size() - 4);
  if (load_le<std::uint32_t>(sealed.data() + value.size()) != crc32c(value, crc32c(bytes_of(key)))) return std::nullopt;
  return value;
}

std::string encode_segment_header(const SegmentHeader& header) {
  RowWriter out;
  out.put(header.format).put(header.group.value).put(header.segment.value);
  out.put(header.first_index.value).put(header.base_offset.value);
  return out.take();
}

std::optional<SegmentHeader> decode_segment_header(ByteView value) {
  RowReader in(value);
  SegmentHeader header;
  header.format = in.get<std::uint32_t>();
  if (header.format > segment_format) return header; // the rest may mean anything
  header.group = GroupId(in.get<std::uint64_t>());
  header.segment = SegmentId(in.get<std::uint64_t>());
  header.first_index = RaftIndex(in.get<std::uint64_t>());
  header.base_offset = Offset(in.get<std::int64_t>());
  if (!in.finished()) return std::nullopt;
  return header;
}

std::string encode_state_header(const StateHeader& header) {
  return RowWriter().put(header.format).put(header.group.value).take();
}

std::optional<StateHeader> decode_state_header(ByteView value) {
  RowReader in(value);
  StateHeader header;
  header.format = in.get<std::uint32_t>();
  if (header.format > state_store_format) return header; // the rest may mean anything
  header.group = GroupId(in.get<std::uint64_t>());
  if (!in.finished()) return std::nullopt;
  return header;
}

std::string encode_state_mark(const StateMark& mark) {
  return RowWriter().put(mark.index.value).put(mark.next_offset.value).take();
}

std::optional<StateMark> decode_state_mark(ByteView value) {
  RowReader in(value);
  StateMark mark;
  mark.index = RaftIndex(in.get<std::uint64_t>());
  mark.next_offset = Offset(in.get<std::int64_t>());
  if (!in.finished()) return std::nullopt;
  return mark;
}

std::string encode_group_record(const GroupRecord& record) {
  RowWriter out;
  const auto& manifest = record.manifest;
  out.put(group_record_version).put(record.hard.term.value).put(record.hard.vote.value);
  put_nodes(out, record.hard.membership.voters);
  put_nodes(out, record.hard.membership.outgoing);
  put_nodes(out, record.hard.membership.learners);
  out.put(record.hard.membership_index.value);
  out.put(manifest.log_start.value).put(manifest.next_segment.value);
  out.put(static_cast<std::uint8_t>(manifest.truncate_from.has_value()));
  out.put(manifest.truncate_from.value_or(RaftIndex{}).value);
  out.put(static_cast<std::uint32_t>(manifest.segments.size()));
  for (const auto& info : manifest.segments) put_segment_info(out, info);
  const auto& compacted = manifest.compacted;
  out.put(compacted.upto.value).put(compacted.tombstones_below.value).put(compacted.time);
  const unsigned recovery =
      (record.hard.recovering ? recovering_bit : 0) | (record.hard.brought_in ? brought_in_bit : 0);
  out.put(record.hard.life).put(static_cast<std::uint8_t>(recovery));
  return seal_row(text_of(IntegerKey(record.group.value).view()), bytes_of(out.take()));
}

Result<GroupRecord> decode_group_record(GroupId group, ByteView sealed) {
  const auto value = open_row(text_of(IntegerKey(group.value).view()), sealed);
  if (!value) return damaged_record(group);
  RowReader in(*value);
  const auto version = in.get<std::uint8_t>();
  if (version > group_record_version)
    return Error{ErrorCode::newer_format, "the record of group " + std::to_string(group.value) +
                                              " was written by a newer Callboard; start that version"};
  GroupRecord record;
  record.group = group;
  record.hard.term = Term(in.get<std::int32_t>());
  record.hard.vote = NodeId(in.get<std::int32_t>());
  auto& membership = record.hard.membership;
  if (!get_nodes(in, membership.voters)) return damaged_record(group);
  if (version >= 2) {
    if (!get_nodes(in, membership.outgoing) || !get_nodes(in, membership.learners)) return damaged_record(group);
    record.hard.membership_index = RaftIndex(in.get<std::uint64_t>());
  }
  auto& manifest = record.manifest;
  manifest.log_start = Offset(in.get<std::int64_t>());
  manifest.next_segment = SegmentId(in.get<std::uint64_t>());
  const bool truncates = in.get<std::uint8_t>() != 0;
  const RaftIndex from(in.get<std::uint64_t>());
  if (truncates) manifest.truncate_from = from;
  const auto segments = in.get<std::uint32_t>();
  if (segments > in.left() / segment_info_bytes_min) return damaged_record(group);
  for (std::uint32_t i = 0; i < segments; ++i) manifest.segments.push_back(get_segment_info(in, version));
  if (version >= 3) {
    manifest.compacted.upto = Offset(in.get<std::int64_t>());
    manifest.compacted.tombstones_below = Offset(in.get<std::int64_t>());
    manifest.compacted.time = in.get<TimestampMs>();
  }
  if (version >= 4) {
    record.hard.life = in.get<std::uint32_t>();
    const auto recovery = in.get<std::uint8_t>();
    record.hard.recovering = (recovery & recovering_bit) != 0;
    record.hard.brought_in = (recovery & brought_in_bit) != 0;
  }
  if (!in.finished()) return damaged_record(group);
  return record;
}

} // namespace callboard::storage
