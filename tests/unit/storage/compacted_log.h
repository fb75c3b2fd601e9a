#pragma once

#include <map>
#include <optional>

#include "fixture.h"
#include "schema/compress.h"
#include "schema/record_filter.h"
#include "storage/compaction_job.h"
#include "storage/log_reader.h"

namespace callboard::storage {

struct KeyedRecord {
  std::string key;
  std::optional<std::string> value; // nullopt: a tombstone

  bool operator==(const KeyedRecord&) const = default;
};

struct ProducerOfBatch {
  ProducerId id = no_producer;
  std::int32_t sequence = -1;
};

// A log of keyed records, and what a consumer must find in it after cuts.
class CompactedLog : public LogFixture {
public:
  explicit CompactedLog(LogOptions log_options = {}) : LogFixture(log_options) {}

  void append_records(const std::vector<KeyedRecord>& records, Codec codec = Codec::none,
                      ProducerOfBatch producer = {}) {
    BatchBuilder builder(now);
    if (producer.id != no_producer) builder.producer(producer.id, 0, producer.sequence);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& value = records[i].value;
      builder.add(bytes_of(records[i].key), value ? std::optional(bytes_of(*value)) : std::nullopt,
                  now + static_cast<TimestampMs>(i));
    }
    const auto plain = builder.finish();
    auto header = read_batch_header(plain.view()).value();
    header.attributes = static_cast<std::int16_t>(codec);
    LogEntry entry;
    entry.index = RaftIndex(entries.size() + 1);
    entry.term = term;
    entry.base_offset = next_offset();
    entry.offset_count = static_cast<std::int32_t>(records.size());
    entry.max_timestamp = header.max_timestamp;
    entry.payload = build_batch(header, bytes_of(compress(codec, plain.view().subspan(batch_header_bytes))));
    stamp_batch(entry.payload.stampable(), entry.base_offset, term);
    now += 10;
    must(append(std::move(entry)));
    auto offset = entries.back().base_offset;
    for (const auto& record : records) {
      written[offset] = record;
      offset = offset.next();
    }
  }
  void append_one(const std::string& key, const std::optional<std::string>& value) { append_records({{key, value}}); }

  // The next entry goes into a new segment, the old one gets closed.
  void roll() {
    log->roll_at_next_write();
    must(append(make_noop(term)));
    finish_background();
  }

  // All that is written so far, whole segments.
  CompactionCut cut_here(Offset tombstones_below = Offset{}) {
    roll();
    return {log->manifest().segments.back().base_offset, tombstones_below, now};
  }

  // Opened anew with nothing to replay, so that no segment was looked at.
  void reopen_untouched() {
    LogWrite write;
    write.applied = RaftIndex(entries.size());
    must(log->write(write, now));
    reopen();
  }

  // Passes until there is nothing to do. `each_step` runs after each, before its result is used.
  void compact(
      const CompactionCut& cut, std::size_t key_bytes = 1 << 20, const std::function<void()>& each_step = [] {}) {
    log->set_cut(cut);
    cuts.push_back(cut);
    while (auto task = log->begin_compaction()) {
      CompactionJob job(std::move(*task), key_bytes, 7);
      for (auto step = CompactionJob::Step::more; step != CompactionJob::Step::done;) {
        step = must(job.step());
        each_step();
        if (step == CompactionJob::Step::segment) BOOST_REQUIRE(must(log->install(job.take_segment())));
        each_step();
      }
      must(log->finish_compaction(job.take_result()));
      each_step();
      ++passes;
    }
    finish_background();
  }

  // What the last cut says of the records written.
  std::map<Offset, KeyedRecord> expected() const {
    const auto cut = cuts.empty() ? CompactionCut{} : cuts.back();
    std::map<std::string, Offset> newest;
    for (const auto& [offset, record] : written)
      if (offset < cut.upto) newest[record.key] = offset;
    std::map<Offset, KeyedRecord> left;
    for (const auto& [offset, record] : written) {
      const bool superseded = offset < cut.upto && newest.at(record.key) > offset;
      if (!superseded && (record.value || offset >= cut.tombstones_below)) left[offset] = record;
    }
    return left;
  }

  // What a consumer reads, fetch by fetch, each from where the last batch ended.
  static std::map<Offset, KeyedRecord> consume(const LogView& view, Offset from, Offset end) {
    std::map<Offset, KeyedRecord> read;
    while (from < end) {
      const auto batches = must(view.read_offsets(from, {end, 2000, true}));
      BOOST_REQUIRE_MESSAGE(!batches.empty(), "a consumer is stuck at " << from);
      for (const auto& batch : batches) {
        const auto header = must(read_batch_header(batch.view()));
        BOOST_REQUIRE(batch_crc_matches(batch.view()));
        BOOST_REQUIRE_GT(header.next_offset(), from);
        must(for_each_record_inside(batch.view(), [&](const RecordView& record) {
          if (record.offset < from) return true;
          KeyedRecord& to = read[record.offset];
          to.key = text_of(*record.key);
          if (record.value) to.value = text_of(*record.value);
          return true;
        }));
        from = header.next_offset();
      }
    }
    return read;
  }

  // Entries as another replica gets them: dense, the same terms and places; whole batches.
  void check_entries(const LogView& view, RaftIndex from) const {
    const RaftIndex last(entries.size());
    while (from <= last) {
      const auto read = must(view.read_entries(from, last, 3000));
      BOOST_REQUIRE(!read.empty());
      for (const auto& entry : read) {
        BOOST_REQUIRE_EQUAL(entry.index, from);
        const auto& original = entries[from.value - 1];
        BOOST_REQUIRE_EQUAL(entry.term, original.term);
        BOOST_REQUIRE(entry.type == original.type);
        BOOST_REQUIRE_EQUAL(entry.span, 1U);
        if (entry.type == EntryType::batch) {
          const auto header = must(read_batch_header(entry.payload.view()));
          BOOST_REQUIRE(batch_crc_matches(entry.payload.view()));
          BOOST_REQUIRE_EQUAL(header.base_offset, entry.base_offset);
          BOOST_REQUIRE_EQUAL(header.next_offset(), entry.next_offset());
          BOOST_REQUIRE_EQUAL(header.leader_epoch, entry.term);
          if (header.count > 0) BOOST_REQUIRE_EQUAL(entry.base_offset, original.base_offset);
        }
        if (from < last && &entry != &read.back()) BOOST_REQUIRE_EQUAL((&entry)[1].base_offset, entry.next_offset());
        from = from.next();
      }
    }
  }

  void check() const {
    const auto& first = log->manifest().segments.front();
    const auto start = std::max(first.base_offset, log->manifest().log_start);
    const auto view = log->view();
    auto left = expected();
    left.erase(left.begin(), left.lower_bound(start));
    const auto read = consume(*view, start, next_offset());
    BOOST_REQUIRE_EQUAL(read.size(), left.size());
    BOOST_REQUIRE(read == left);
    check_entries(*view, first.first_index);
  }

  std::uint64_t payload_bytes() const {
    std::uint64_t sum = log->active_extent().payload_bytes;
    for (const auto& info : log->manifest().segments) sum += info.payload_bytes;
    return sum;
  }

  Term term{1};
  std::map<Offset, KeyedRecord> written;
  std::vector<CompactionCut> cuts;
  int passes = 0;
};

} // namespace callboard::storage
