#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schema/ids.h"
#include "schema/log_write.h"
#include "schema/result.h"
#include "schema/time.h"
#include "schema/uuid.h"

namespace callboard::storage {

// How much a reply promises (`callboard.durability` of a topic).
enum class Durability : std::uint8_t {
  fsync = 1,    // a reply rides on a sync commit
  interval = 2, // commits reach the disk within the flush interval
};

// One segment as the manifest knows it. `closed`: read-only, sidecar written.
struct SegmentInfo {
  SegmentId id;
  RaftIndex first_index; // of the first entry that it holds or will hold
  Offset base_offset;    // offset that the first batch of it has or will have
  bool closed = false;
  TimestampMs created_at = no_timestamp;
  TimestampMs max_timestamp = no_timestamp; // of its batches; known once closed
  std::uint64_t bytes = 0;                  // of its file; known once closed
  std::uint64_t payload_bytes = 0;          // sum of its batches' sizes; known once closed
  std::uint64_t tombstones = 0;             // that a compaction left in it, to go in a later one

  bool operator==(const SegmentInfo&) const = default;
};

// What boot obeys for one group: its segments oldest first (the last is the active
// one; none before the first write), where the log starts, and an intent that a
// crash must not leave half done.
struct Manifest {
  std::vector<SegmentInfo> segments;
  SegmentId next_segment{1};
  Offset log_start;
  // Entries from this index on are to be removed before anything else happens.
  std::optional<RaftIndex> truncate_from;
  // The last cut that its segments went through; `upto` less than the cut's own while that
  // takes several passes.
  CompactionCut compacted{};

  bool operator==(const Manifest&) const = default;
};

struct GroupRecord {
  GroupId group;
  HardState hard;
  Manifest manifest;
};

// Changes of one group; what is not set stays.
struct GroupUpdate {
  GroupId group;
  std::optional<HardState> hard;
  std::optional<Manifest> manifest;
  bool forget = false; // the group was deleted: its record goes
};

// Who this data directory belongs to.
struct Identity {
  Uuid cluster;
  Uuid node_uuid;
  NodeId node;
};

// The one always-synced LMDB environment of a node (`DIR/node-state.mdb`): identity, and
// for every group term, vote, voters and manifest (decision 5). Thread-safe: LMDB
// serialises writers; every public call is one transaction. Blocks on the disk, so
// never called from a KJ loop. Format version 1; a newer one is refused untouched.
class NodeState {
public:
  // Opens or creates `directory/node-state.mdb` and takes the directory's lock file.
  // Errors: in_use (another process), newer_format, corrupt_storage, storage_io.
  static Result<std::unique_ptr<NodeState>> open(const std::string& directory);
  ~NodeState();
  NodeState(const NodeState&) = delete;

  // The identity. Set once the node belongs to a cluster, and then for good; before that it
  // may be stored without one (`cluster` zero), so that it stays the same while the node forms.
  Result<std::optional<Identity>> identity() const;
  Status set_identity(const Identity& identity);

  // All updates in one synced transaction: on disk when it returns ok.
  Status commit(std::span<const GroupUpdate> updates);
  Result<std::optional<GroupRecord>> read(GroupId group) const;
  // Every group, ordered by id.
  Status for_each(const std::function<void(const GroupRecord&)>& visit) const;
  // The group with the least id above `group`; none: that was the last.
  Result<std::optional<GroupRecord>> next(GroupId group) const;

  // True if the last process that had it open did not end by mark_clean() and the
  // machine restarted since (other boot id): unsynced pages may be gone.
  bool unclean_boot() const;
  // How often that happened to this directory. A segment that was last known to be
  // whole before the latest of them is checked before it is used.
  std::uint64_t unclean_boots() const;
  // Opening costs no flush: that a new life began is on disk with the first commit.
  // Whoever writes to disk without one (interval durability) calls this before.
  Status settle();
  // The last act of an orderly stop.
  Status mark_clean();

private:
  NodeState();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace callboard::storage
