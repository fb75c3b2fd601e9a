#include "cluster/partition/derived_state.h"

#include <algorithm>
#include <string>

namespace callboard::partition {
namespace {

// The number in a row of one field; nullopt: damaged.
template <class Int>
std::optional<Int> single_value(const StateRow& row) {
  if (row.key.size() != 1 || !row.value) return std::nullopt;
  RowReader in(*row.value);
  const bool known = in.get<std::uint8_t>() == row_version;
  const auto value = in.get<Int>();
  return known && in.ended_well() ? std::optional(value) : std::nullopt;
}

bool load_digest(LogDigest& digest, const StateRow& row) {
  if (row.key.size() != 1 || !row.value) return false;
  RowReader in(*row.value);
  const bool known = in.get<std::uint8_t>() == row_version;
  const auto value = in.get<std::uint64_t>();
  const auto learned = in.get<std::uint64_t>();
  if (!known || !in.ended_well()) return false;
  digest = LogDigest(digest.index(), value, RaftIndex(learned));
  return true;
}

bool load_row(DerivedState& state, const StateRow& row) {
  switch (row.key.empty() ? RowKind{} : static_cast<RowKind>(row.key.front())) {
  case RowKind::producer: return state.producers.load(row);
  case RowKind::term: return state.terms.load(row);
  case RowKind::log_start: {
    const auto offset = single_value<std::int64_t>(row);
    if (offset) state.log_start = std::max(state.log_start, Offset(*offset));
    return offset.has_value();
  }
  case RowKind::catch_up: {
    const auto applied = single_value<std::uint64_t>(row);
    if (applied) state.catch_up = RaftIndex(*applied);
    return applied.has_value();
  }
  case RowKind::digest: {
    return load_digest(state.digest, row);
  }
  case RowKind::cuts: {
    auto cuts = row.key.size() == 1 && row.value ? CompactionCuts::load(*row.value) : std::nullopt;
    if (cuts) state.cuts = std::move(*cuts);
    return cuts.has_value();
  }
  }
  return false;
}

} // namespace

Result<DerivedState> load_state(const std::vector<StateRow>& rows, RaftIndex applied) {
  DerivedState state;
  state.producers.apply(applied);
  state.terms.apply(applied);
  state.digest = LogDigest(applied, std::nullopt);
  for (const auto& row : rows) {
    if (!load_row(state, row)) {
      return Error{ErrorCode::corrupt_storage,
                   "a row of its state, of " + std::to_string(row.key.size()) + " bytes, is damaged"};
    }
  }
  return state;
}

StateRow log_start_row(Offset log_start) {
  return {RowWriter().put(RowKind::log_start).take(), RowWriter().put(row_version).put(log_start.value).take()};
}

StateRow cuts_row(const CompactionCuts& cuts) {
  return {RowWriter().put(RowKind::cuts).take(), cuts.row_value()};
}

StateRow digest_row(const LogDigest& digest) {
  StateRow row;
  row.key = RowWriter().put(RowKind::digest).take();
  if (digest.value()) row.value = RowWriter().put(row_version).put(*digest.value()).put(digest.learned().value).take();
  return row;
}

StateRow catch_up_row(std::optional<RaftIndex> applied) {
  StateRow row;
  row.key = RowWriter().put(RowKind::catch_up).take();
  if (applied) row.value = RowWriter().put(row_version).put(applied->value).take();
  return row;
}

} // namespace callboard::partition
