#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"
#include "storage/compaction_job.h"

namespace callboard {

// Its own: the next piece of the work.
struct CompactionStep {};

// Rewrites the logs of the node one after the other, on a background thread of its own: it
// reads closed segments and writes new files, which the log's writer then puts in place. A
// message between the pieces lets it be asked, and stopped; and as long as the piece took it
// rests, so that it never has more than half of what the disk and the memory give. A task ends with one
// CompactionDone or CompactionFailed to who gave it. At most one task a log waits here.
class CompactorActor final : public HostedActor {
public:
  // Keys of the log under way take `key_bytes_max`.
  CompactorActor(caf::actor_config& config, ActorRegistry& registry, std::string name, std::size_t key_bytes_max);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  struct Running {
    caf::actor from;
    storage::CompactionJob job;
  };

  void accept(CompactLog& message);
  void cancel(const CancelCompaction& message);
  void begin_next();
  void step();
  void fail(const caf::actor& to, const storage::CompactionTask& task, Error error);
  void close(const caf::actor& reply_to);

  std::size_t key_bytes_max_;
  std::deque<CompactLog> waiting_;
  std::unique_ptr<Running> running_;
  bool step_armed_ = false;
  Duration pause_ = Duration::zero(); // before the next step
  bool closed_ = false;
  std::uint64_t passes_ = 0;
  std::uint64_t segments_ = 0;
  std::uint64_t bytes_ = 0; // of segments written
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CompactionStep)
