#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/file.h"
#include "storage/node_state.h"
#include "storage/sidecar.h"

namespace callboard::storage {

struct ScrubFinding {
  GroupId group;
  Error error;
};

// Reads every closed segment of a node, chunk by chunk, and compares it with its sidecar:
// what nobody reads rots unnoticed otherwise. One position for the whole node; nothing is kept
// of groups that are not under way, and groups and segments may come and go meanwhile. Reads
// past the page cache where it can, so that it is the disk that is looked at, and leaves the
// cache to others. Active segments are checked when they are opened and when they are closed.
class Scrubber {
public:
  struct Step {
    std::uint64_t bytes = 0; // read
    bool pass_done = false;
    std::optional<ScrubFinding> damage;
  };

  Scrubber(const NodeState& state, std::string directory) : state_(state), directory_(std::move(directory)) {}

  // At most a chunk, or on to the next segment or group. Error: node-state cannot be read.
  Result<Step> step();
  // "group 7, segment 3, chunk 2 of 128", for people; empty between two passes.
  std::string position() const;

private:
  struct Segment {
    SegmentInfo info;
    std::string path;
    std::vector<std::uint32_t> crcs;
    File file;
    std::size_t chunk = 0; // the next
  };

  Result<Step> next_segment();
  Result<Step> begin(const SegmentInfo& info);
  Result<Step> next_chunk();
  Result<Step> found(Error error);

  const NodeState& state_;
  std::string directory_;
  bool begun_ = false;
  GroupId group_;       // under way, or done with
  RaftIndex looked_at_; // of its segments those that begin up to here
  std::optional<Segment> segment_;
  std::vector<std::uint8_t> buffer_;
};

} // namespace callboard::storage
