#include "cluster/partition/producer_table.h"

#include <algorithm>
#include <limits>

namespace callboard::partition {
namespace {

constexpr std::int32_t sequence_max = std::numeric_limits<std::int32_t>::max();

std::int32_t sequence_after(std::int32_t sequence) {
  return sequence == sequence_max ? 0 : sequence + 1;
}

SequenceCheck only(SequenceCheck::Verdict verdict) {
  SequenceCheck check;
  check.verdict = verdict;
  return check;
}

} // namespace

SequenceCheck ProducerTable::check(const BatchHeader& header) const {
  using Verdict = SequenceCheck::Verdict;
  const auto found = producers_.find(header.producer);
  if (found == producers_.end()) return {};
  const auto& batches = found->second;
  const auto& newest = batches.back();
  if (header.producer_epoch < newest.epoch) return only(Verdict::stale_epoch);
  if (header.producer_epoch > newest.epoch) {
    return only(header.base_sequence == 0 ? Verdict::accept : Verdict::out_of_order);
  }
  const auto last_sequence = header.last_sequence();
  const auto original = std::find_if(batches.rbegin(), batches.rend(), [&](const Batch& batch) {
    return batch.epoch == newest.epoch && batch.first_sequence == header.base_sequence &&
           batch.last_sequence == last_sequence;
  });
  if (original != batches.rend()) {
    return {Verdict::duplicate, original->index, original->base_offset, original->timestamp};
  }
  if (header.base_sequence == sequence_after(newest.last_sequence)) return {};
  // A producer counts 46 as delivered, so it is only said where there is no doubt: across a
  // wrap "behind" could as well be a gap ahead.
  const bool behind = header.base_sequence <= last_sequence && last_sequence <= newest.last_sequence;
  return only(behind ? Verdict::old_duplicate : Verdict::out_of_order);
}

void ProducerTable::append(const BatchHeader& header, RaftIndex index, Offset base_offset) {
  Batch batch;
  batch.epoch = header.producer_epoch;
  batch.first_sequence = header.base_sequence;
  batch.last_sequence = header.last_sequence();
  batch.index = index;
  batch.base_offset = base_offset;
  batch.timestamp = header.log_append_time() ? header.max_timestamp : no_timestamp;
  batch.newest = header.max_timestamp;
  producers_[header.producer].push_back(batch);
  overlay_.push_back({index, header.producer});
}

void ProducerTable::truncate_from(RaftIndex index) {
  CB_ASSERT(index > applied_);
  while (!overlay_.empty() && overlay_.back().index >= index) {
    const auto found = producers_.find(overlay_.back().producer);
    CB_ASSERT(found != producers_.end() && found->second.back().index == overlay_.back().index);
    found->second.pop_back();
    if (found->second.empty()) producers_.erase(found);
    overlay_.pop_back();
  }
}

void ProducerTable::apply(RaftIndex index) {
  while (!overlay_.empty() && overlay_.front().index <= index) {
    apply_batch(overlay_.front());
    overlay_.pop_front();
    if (applied_producers_ > producers_max_) forget_silent();
  }
  applied_ = std::max(applied_, index);
}

std::size_t ProducerTable::applied_count(const Batches& batches) const {
  const auto overlay =
      std::find_if(batches.begin(), batches.end(), [&](const Batch& batch) { return batch.index > applied_; });
  return static_cast<std::size_t>(overlay - batches.begin());
}

void ProducerTable::apply_batch(const Appended& appended) {
  auto& batches = producers_.at(appended.producer);
  const auto before = applied_count(batches);
  if (before == 0) ++applied_producers_;
  applied_ = appended.index;
  const auto& newest = batches[before];
  CB_ASSERT(newest.index == appended.index);
  const auto drop = newest.epoch != batches.front().epoch ? before
                    : before >= batches_remembered        ? before + 1 - batches_remembered
                                                          : 0;
  batches.erase(batches.begin(), batches.begin() + static_cast<std::ptrdiff_t>(drop));
  rows_.mark(appended.producer);
}

void ProducerTable::forget_silent() {
  std::vector<Appended> last_applied;
  for (const auto& [producer, batches] : producers_) {
    if (const auto count = applied_count(batches)) last_applied.push_back({batches[count - 1].index, producer});
  }
  const auto forgotten = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, producers_max_ / 16));
  std::nth_element(last_applied.begin(), last_applied.begin() + forgotten, last_applied.end(),
                   [](const Appended& a, const Appended& b) { return a.index < b.index; });
  for (auto it = last_applied.begin(); it != last_applied.begin() + forgotten; ++it) {
    auto& batches = producers_.at(it->producer);
    batches.erase(batches.begin(), batches.begin() + static_cast<std::ptrdiff_t>(applied_count(batches)));
    if (batches.empty()) producers_.erase(it->producer);
    rows_.mark(it->producer);
  }
  applied_producers_ -= static_cast<std::size_t>(forgotten);
}

std::vector<StateRow> ProducerTable::take_rows() {
  std::vector<StateRow> rows;
  for (const ProducerId producer : rows_.take()) rows.push_back(row_of(producer));
  return rows;
}

std::vector<StateRow> ProducerTable::rows() const {
  std::vector<ProducerId> applied;
  for (const auto& [producer, batches] : producers_) {
    if (applied_count(batches) > 0) applied.push_back(producer);
  }
  std::sort(applied.begin(), applied.end());
  std::vector<StateRow> rows;
  for (const ProducerId producer : applied) rows.push_back(row_of(producer));
  return rows;
}

std::vector<ProducerStatus> ProducerTable::describe() const {
  std::vector<ProducerStatus> described;
  described.reserve(producers_.size());
  for (const auto& [producer, batches] : producers_) {
    const auto& newest = batches.back();
    described.push_back({producer, newest.epoch, newest.last_sequence, newest.newest});
  }
  std::sort(described.begin(), described.end(),
            [](const ProducerStatus& a, const ProducerStatus& b) { return a.producer < b.producer; });
  return described;
}

StateRow ProducerTable::row_of(ProducerId producer) const {
  StateRow row;
  row.key = RowWriter().put(RowKind::producer).put(producer.value).take();
  const auto found = producers_.find(producer);
  const auto count = found == producers_.end() ? 0 : applied_count(found->second);
  if (count == 0) return row;
  RowWriter value;
  value.put(row_version).put(found->second.front().epoch).put(static_cast<std::uint8_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const auto& batch = found->second[i];
    value.put(batch.first_sequence).put(batch.last_sequence).put(batch.index.value);
    value.put(batch.base_offset.value).put(batch.timestamp);
  }
  row.value = value.take();
  return row;
}

bool ProducerTable::load(const StateRow& row) {
  RowReader key(row.key);
  const bool ours = key.get<char>() == static_cast<char>(RowKind::producer);
  const ProducerId producer{key.get<std::int64_t>()};
  if (!ours || !key.ended_well() || producer.value < 0 || !row.value) return false;
  RowReader value(*row.value);
  const auto version = value.get<std::uint8_t>();
  const auto epoch = value.get<std::int16_t>();
  const auto count = value.get<std::uint8_t>();
  if (version != row_version || epoch < 0 || count == 0 || count > batches_remembered) return false;
  Batches batches(count);
  RaftIndex previous;
  for (auto& batch : batches) {
    batch.epoch = epoch;
    batch.first_sequence = value.get<std::int32_t>();
    batch.last_sequence = value.get<std::int32_t>();
    batch.index = RaftIndex(value.get<std::uint64_t>());
    batch.base_offset = Offset(value.get<std::int64_t>());
    batch.timestamp = value.get<std::int64_t>();
    batch.newest = batch.timestamp;
    if (batch.first_sequence < 0 || batch.last_sequence < 0 || batch.base_offset.value < 0) return false;
    if (batch.index <= previous || batch.index > applied_) return false;
    previous = batch.index;
  }
  if (!value.ended_well() || !producers_.emplace(producer, std::move(batches)).second) return false;
  ++applied_producers_;
  return true;
}

} // namespace callboard::partition
