#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/kafka/fetch.h"

// Incremental fetch sessions (KIP-227), pure: the broker remembers what a consumer
// fetches, requests and responses carry only what has changed.
namespace callboard::kafka {

// One session: its partitions, what the consumer was told of each, and which of them need
// to be looked at.
//
//   due       the next fetch asks for it: new, changed, served last time, or woken
//   watched   had nothing; a watch lies at the partition and wakes it (woke())
//   taken     by the fetch under way, which gives it back as one of the other two
//
// So a fetch costs what its active partitions cost, however many rest. Due ones are served
// in turn: who was served goes behind the others.
class FetchSession {
public:
  using Index = std::uint32_t; // of a partition or topic; stays while it is in the session

  struct Topic {
    std::string name; // or the id, never both
    Uuid id;
    std::size_t partitions = 0;
  };
  struct Partition {
    Index topic = 0;
    FetchPartition wanted;
    std::int64_t told_high_watermark = -1;
    std::int64_t told_log_start = -1;
    std::uint32_t watch = 0; // 0: none
    bool member = false;
    bool due = false;
  };
  // Called for each watch that has lost its sense, to be taken back from the partition.
  using Withdraw = std::function<void(const Topic&, std::int32_t partition, std::uint64_t token)>;

  FetchSession(std::int32_t id, bool by_id) : id_(id), by_id_(by_id) {}

  std::int32_t id() const { return id_; }
  bool by_id() const { return by_id_; }
  // What the next request has to say.
  std::int32_t epoch() const { return epoch_; }
  std::size_t size() const { return places_.size(); }
  const Topic& topic(Index index) const { return topics_[index]; }
  const Partition& partition(Index index) const { return partitions_[index]; }

  // Adds and changes the request's partitions, removes the forgotten ones.
  void apply(const FetchRequest& request, const Withdraw& withdraw);
  void advance_epoch();
  void withdraw_all(const Withdraw& withdraw);

  // Everything due, in order; the caller takes it.
  std::vector<Index> take_due();
  // Due again, behind all others.
  void put_back(Index index);
  // A new watch; its token goes to the partition, and comes back from it.
  std::uint64_t watch(Index index);
  // The watch that a token names has fired; nullopt: not the current one.
  std::optional<Index> woke(std::uint64_t token);
  // The token of the watch, which is forgotten; nullopt: there is none.
  std::optional<std::uint64_t> unwatch(Index index);

  // Whether the consumer is to be told of a partition in an incremental response:
  // something came, an error, or an offset it has not heard of. Then it has been told.
  bool tell(Index index, const FetchablePartitionResponse& answer);

private:
  Index topic_of(const std::string& name, const Uuid& id);
  std::optional<Index> find_topic(const std::string& name, const Uuid& id) const;
  void add(Index topic, const FetchPartition& wanted, const Withdraw& withdraw);
  void forget(Index topic, std::int32_t partition, const Withdraw& withdraw);
  void withdraw_watch(Index index, const Withdraw& withdraw);

  std::int32_t id_;
  bool by_id_;
  std::int32_t epoch_ = 1;
  std::uint32_t watches_ = 0; // given out, for their tokens
  std::vector<Topic> topics_;
  std::vector<Partition> partitions_;
  std::vector<Index> free_topics_;
  std::vector<Index> free_partitions_;
  std::deque<Index> due_; // each once; may name some that left the session
  std::unordered_map<std::string, Index> topics_by_name_;
  std::unordered_map<Uuid, Index> topics_by_id_;
  std::unordered_map<std::uint64_t, Index> places_; // topic << 32 | partition
};

// What the sessions of one loop's connections hold together, some 200 bytes a partition.
// Past a limit a session is declined, which is always allowed: the consumer then names all
// its partitions with every request.
struct FetchSessionBudget {
  std::size_t session_partitions_max = 10'000;
  std::size_t partitions_max = 100'000;
  std::size_t partitions = 0;
  std::int32_t last_id = 0;
};

// The session of one connection. A consumer uses a session over the connection that it was
// opened on; after a reconnect it is told FETCH_SESSION_ID_NOT_FOUND once and opens
// another. So a session needs no lock, and ends with its connection instead of by eviction.
class FetchSessions {
public:
  explicit FetchSessions(FetchSessionBudget& budget) : budget_(budget) {}

  // How a request is to be answered. No session and no error: by what it names.
  struct Scope {
    ErrorCode error = ErrorCode::none; // of the whole response
    FetchSession* session = nullptr;
    bool incremental = false;
  };
  // Errors: fetch_session_id_not_found, invalid_fetch_session_epoch,
  // fetch_session_topic_id_error; the session, if there is one, stays as it is. An
  // increment past the limits closes it: the consumer opens another and is declined.
  Scope begin(const FetchRequest& request, bool by_id, const FetchSession::Withdraw& withdraw);
  // Ends the session; its watches are withdrawn.
  void close(const FetchSession::Withdraw& withdraw);

  FetchSession* current() { return session_ ? &*session_ : nullptr; }

private:
  Scope open(const FetchRequest& request, bool by_id, const FetchSession::Withdraw& withdraw);
  Scope go_on(const FetchRequest& request, bool by_id, const FetchSession::Withdraw& withdraw);
  void apply(const FetchRequest& request, const FetchSession::Withdraw& withdraw);

  FetchSessionBudget& budget_;
  std::optional<FetchSession> session_;
};

} // namespace callboard::kafka
