#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/controller_command.h"
#include "schema/rpc/api.h"
#include "schema/rpc/group_api.h"

// Callboard's C++ client: a plain synchronous library over schema/rpc/broker.capnp.
//
//   auto client = callboard::client::Client::connect("127.0.0.1:9092");
//   if (!client) { std::cerr << client.error().message << '\n'; return 1; }
//   auto produced = client->produce("orders", 0, {{.key = "k", .value = "v"}});
//
// Every call blocks until it is answered or its deadline has passed, and says in a
// Result why it failed. Records travel as batches that are packed and unpacked here.
//
// In a cluster any node will do: what only a partition's leader or a group's coordinator can
// answer is asked of its node, found out by and by. A produce that meets a change of leaders
// is repeated, so it may come to be there twice.
//
// A Client and what it opened belong to the thread that connected it (behind them runs
// that thread's KJ event loop); several clients in one thread are fine.
namespace callboard::client {

using rpc::Acks;
using rpc::ActorPage;
using rpc::ActorQuery;
using rpc::AlterTopic;
using rpc::CreateTopic;
using rpc::Fetched;
using rpc::FetchRange;
using rpc::Flushed;
using rpc::GroupInfo;
using rpc::GroupSummary;
using rpc::OffsetInfo;
using rpc::OffsetReset;
using rpc::PartitionInfo;
using rpc::Produced;
using rpc::Record;
using rpc::TopicInfo;

using metadata::PartitionMove;

class Connection;
class Routes;

// Where a consumer may start besides an offset.
inline constexpr Offset earliest{-2};
inline constexpr Offset latest{-1};

struct ClientOptions {
  // Files in PEM. With `tls_ca` set, connections speak TLS, to nodes whose certificates it
  // signed. A certificate of one's own is shown to nodes that ask for one.
  std::string tls_ca{};
  std::string tls_certificate{};
  std::string tls_key{};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds request_timeout{30'000};
};

struct ProducerOptions {
  Acks acks = Acks::all;
  std::size_t batch_bytes = 64 << 10; // a batch is sent when it has grown to this
};

// A stream of produces to one partition, in order. send() returns when the broker has
// room, flush() when everything sent is on disk or failed.
class Producer {
public:
  Producer(Producer&&) noexcept;
  Producer& operator=(Producer&&) noexcept;
  // Does not flush: records that were not flushed may or may not arrive.
  ~Producer();

  // Packs the record; sends the batch once it is full. An error means that the
  // connection is of no more use: what was not flushed is unknown.
  Status send(const Record& record);
  // An encoded record batch, as it is; after what was packed before.
  Status send_batch(ByteView batch);
  // What became of everything since the last flush. Refused sends are in the value.
  Result<Flushed> flush();

private:
  friend class Client;
  struct State;
  explicit Producer(std::unique_ptr<State> state);
  Status send_packed();
  Status stream(const SharedBytes& batch);
  Status resend(const Flushed& refused);
  Result<Flushed> flush_once();
  std::unique_ptr<State> state_;
};

// Reads one partition from some place on.
class Consumer {
public:
  // The next records; none if there were none within `wait_max`. After an error the
  // position is unchanged and poll() may be called again.
  Result<std::vector<Record>> poll(std::chrono::milliseconds wait_max);

  // The offset that is read next; `earliest` or `latest` until the first poll.
  Offset position() const { return position_; }
  void seek(Offset offset) { position_ = offset; }

private:
  friend class Client;
  Consumer(std::shared_ptr<Routes> routes, std::string topic, std::int32_t partition, Offset start)
    : routes_(std::move(routes)), topic_(std::move(topic)), partition_(partition), position_(start) {}

  std::shared_ptr<Routes> routes_;
  std::string topic_;
  std::int32_t partition_;
  Offset position_;
};

class Client {
public:
  // `address` is HOST:PORT. Errors: invalid_argument, network_exception (nobody there,
  // unknown name), request_timed_out.
  static Result<Client> connect(std::string_view address, const ClientOptions& options = {});

  Result<TopicInfo> create_topic(const CreateTopic& topic);
  Status delete_topic(const std::string& name);
  Result<TopicInfo> describe_topic(const std::string& name);
  Result<std::vector<TopicInfo>> list_topics();
  // The topic as it is then. Configurations are changed first, all or none.
  Result<TopicInfo> alter_topic(const AlterTopic& topic);
  // All of the topic's, by id.
  Result<std::vector<PartitionInfo>> describe_partitions(const std::string& topic);

  // All records in one batch: appended together or not at all.
  Result<Produced> produce(const std::string& topic, std::int32_t partition, std::span<const Record> records,
                           Acks acks = Acks::all);
  Result<Produced> produce(const std::string& topic, std::int32_t partition, std::initializer_list<Record> records) {
    return produce(topic, partition, std::span<const Record>(records.begin(), records.size()));
  }
  Result<Produced> produce_batch(const std::string& topic, std::int32_t partition, ByteView batch,
                                 Acks acks = Acks::all);
  Result<Producer> open_producer(const std::string& topic, std::int32_t partition, const ProducerOptions& options = {});

  Consumer consume(const std::string& topic, std::int32_t partition, Offset start = earliest);
  // Batches as they are stored.
  Result<Fetched> fetch(const std::string& topic, std::int32_t partition, const FetchRange& range);
  // The first record at or after a time; -1: the end, -2: the start of the partition.
  Result<OffsetInfo> list_offset(const std::string& topic, std::int32_t partition, std::int64_t timestamp);

  // Consumer groups of all nodes, by id; one with its members, its offsets and how far they lag.
  Result<std::vector<GroupSummary>> list_groups();
  Result<GroupInfo> describe_group(const std::string& id);
  // All of them or none; refused while the group has members.
  Status reset_offsets(const std::string& group, const std::vector<OffsetReset>& offsets);
  Status delete_group(const std::string& id);

  // How the cluster is; of a node that does not serve yet, what it waits for.
  Result<ClusterStatus> cluster_status();
  // Its replicas move elsewhere, which cluster_status() tells, or it may hold replicas again.
  Status drain_node(NodeId node, bool cancel = false);
  // For good; refused while it holds anything.
  Status remove_node(NodeId node);
  // Evens out replicas and leaders.
  Status rebalance(bool cancel = false);
  // What came of each move.
  Result<std::vector<PartitionOutcome>> move_topic(const std::string& topic, const std::vector<PartitionMove>& moves);
  // So that preferred leaders lead; none given: wherever others do.
  Result<std::vector<PartitionOutcome>> elect_leaders(const std::vector<PartitionSelection>& partitions = {});

  // What the node's actors are doing.
  Result<ActorPage> actors(const ActorQuery& query);

private:
  friend class Consumer;
  friend class TopicConsumer;
  explicit Client(std::shared_ptr<Routes> routes) : routes_(std::move(routes)) {}
  std::shared_ptr<Routes> routes_;
};

} // namespace callboard::client
