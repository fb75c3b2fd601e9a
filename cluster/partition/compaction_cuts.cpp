#include "cluster/partition/compaction_cuts.h"

#include <algorithm>

#include "cluster/partition/state_row.h"

namespace callboard::partition {
namespace {

constexpr std::uint8_t cut_version = 1;

void put_cut(RowWriter& out, const CompactionCut& cut) {
  out.put(cut.upto.value).put(cut.tombstones_below.value).put(cut.time);
}

CompactionCut get_cut(RowReader& in) {
  CompactionCut cut;
  cut.upto = Offset(in.get<std::int64_t>());
  cut.tombstones_below = Offset(in.get<std::int64_t>());
  cut.time = in.get<TimestampMs>();
  return cut;
}

bool makes_sense(const CompactionCut& cut) {
  return cut.tombstones_below.value >= 0 && cut.tombstones_below <= cut.upto;
}

} // namespace

CompactionCut CompactionCuts::next(Offset upto, TimestampMs now, std::int64_t delete_retention_ms) const {
  CompactionCut cut{std::max(upto, last_.upto), last_.tombstones_below, now};
  for (const auto& [offset, time] : made_) {
    if (now - time >= delete_retention_ms) cut.tombstones_below = std::max(cut.tombstones_below, offset);
  }
  return cut;
}

void CompactionCuts::apply(const CompactionCut& cut) {
  if (cut.upto < last_.upto) return;
  last_ = cut;
  std::erase_if(made_, [&](const auto& made) { return made.first <= cut.tombstones_below; });
  const bool further = made_.empty() || made_.back().first < cut.upto;
  if (further && cut.upto > cut.tombstones_below) made_.emplace_back(cut.upto, cut.time);
  // Without the second its tombstones count as cut by the third.
  if (made_.size() > remembered_max) made_.erase(made_.begin() + 1);
}

std::string CompactionCuts::row_value() const {
  RowWriter out;
  out.put(row_version);
  put_cut(out, last_);
  out.put(static_cast<std::uint8_t>(made_.size()));
  for (const auto& [offset, time] : made_) out.put(offset.value).put(time);
  return out.take();
}

std::optional<CompactionCuts> CompactionCuts::load(std::string_view value) {
  RowReader in(value);
  CompactionCuts cuts;
  if (in.get<std::uint8_t>() != row_version) return std::nullopt;
  cuts.last_ = get_cut(in);
  for (auto left = in.get<std::uint8_t>(); left > 0; --left) {
    const Offset offset(in.get<std::int64_t>());
    cuts.made_.emplace_back(offset, in.get<TimestampMs>());
  }
  return in.ended_well() && makes_sense(cuts.last_) ? std::optional(std::move(cuts)) : std::nullopt;
}

SharedBytes encode_cut(const CompactionCut& cut) {
  RowWriter out;
  out.put(cut_version);
  put_cut(out, cut);
  return SharedBytes::copy_of(out.take());
}

Result<CompactionCut> decode_cut(ByteView payload) {
  RowReader in(text_of(payload));
  const bool known = in.get<std::uint8_t>() == cut_version;
  const auto cut = get_cut(in);
  if (!known || !in.ended_well() || !makes_sense(cut))
    return Error{ErrorCode::corrupt_message, "An entry of the log is no compaction cut."};
  return cut;
}

} // namespace callboard::partition
