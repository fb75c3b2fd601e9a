#pragma once

// The inside of PartitionLog, for the files that implement it.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/log_reader.h"
#include "storage/partition_log.h"
#include "storage/segment.h"
#include "storage/segment_closer.h"
#include "storage/segment_mark.h"
#include "storage/write_check.h"

namespace callboard::storage {

inline std::shared_ptr<ActiveSegment> as_active(const std::shared_ptr<Segment>& segment) {
  return std::dynamic_pointer_cast<ActiveSegment>(segment);
}

struct PartitionLog::Impl {
  NodeState& node;
  GroupId group;
  std::string data_directory;
  LogOptions options;
  std::string directory; // DIR/groups/GROUP
  Manifest manifest;
  std::vector<std::shared_ptr<Segment>> segments{}; // as in the manifest
  std::shared_ptr<ActiveSegment> active{};          // the last one
  std::optional<SegmentCloser> closer{};
  std::size_t closing = 0; // which segment `closer` works on
  std::vector<std::string> garbage{};
  std::optional<Error> failed{};
  RecoveredLog recovered{};
  bool unsynced = false;
  bool roll_wanted = false;
  bool directory_made = false;
  mutable std::shared_ptr<const LogView> view{};
  CompactionCut cut{};     // the last one committed
  std::uint64_t tasks = 0; // given out
  std::uint64_t task = 0;  // under way; 0: none

  std::string path(SegmentId id) const { return segment_path(directory, id); }
  SegmentOptions segment_options() const { return {options.durability, options.segment_bytes, node.unclean_boots()}; }
  Status commit_manifest(Manifest next, std::optional<HardState> hard = {});
  void discard(SegmentId id);

  Status open_segments(RawRows& state);
  Status open_active(std::size_t i, RawRows& state);
  Status rebuild(std::size_t i, const SegmentMark& mark, RawRows& state);
  Status check_closed(std::size_t i) const;
  Status check_joints() const;
  Status remove_unknown_files() const;
  Status recover(const RawRows& state);
  Status recover_suffix();
  Result<Term> last_term() const;

  LogExtent extent() const;
  Status write(const LogWrite& write, TimestampMs now);
  bool must_roll(const LogWrite& write, TimestampMs now) const;
  Status roll(const LogWrite& write, TimestampMs now);
  Status start_over(const LogWrite& write, TimestampMs now);
  Status make_group_directory();
  Status truncate_across(RaftIndex from);
  Status finish_truncation(const std::optional<RawRows>& state);
  Result<RawRows> newest_state() const;
  Result<std::shared_ptr<ActiveSegment>> reopen(std::size_t i);
  Status replace_broken();
  Result<bool> close_step();
  std::shared_ptr<const LogView> current_view() const;
  Status flush();
  Status checkpoint();

  // log_compaction.cpp
  bool compaction_due() const;
  std::optional<std::size_t> find(const std::vector<SegmentId>& ids) const;
};

} // namespace callboard::storage
