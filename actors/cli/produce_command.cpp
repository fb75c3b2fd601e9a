#include "actors/cli/produce_command.h"

#include <algorithm>
#include <map>
#include <random>

#include "actors/cli/line_reader.h"
#include "actors/client/partitioner.h"

namespace callboard::cli {
namespace {

constexpr std::size_t packed_bytes_max = std::size_t{16} << 20; // of all partitions' batches
constexpr std::size_t batch_bytes_min = std::size_t{4} << 10;
constexpr std::size_t batch_bytes_max = std::size_t{64} << 10;

// What goes to one partition.
struct Sending {
  client::Producer producer;
  std::uint64_t records = 0;
  bool unflushed = false;
  Offset first = unknown_offset;
  Offset last = unknown_offset;
};

class LineProducer {
public:
  LineProducer(client::Client& client, const ProduceOptions& options, std::uint32_t partitions)
    : client_(client), options_(options), partitions_(partitions),
      batch_bytes_(std::clamp(packed_bytes_max / partitions, batch_bytes_min, batch_bytes_max)),
      turn_(std::random_device{}() % partitions) {}

  Status send(const client::Record& record) {
    auto sending = at(partition_of(record));
    if (!sending) return sending.error();
    ++(*sending)->records;
    (*sending)->unflushed = true;
    return (*sending)->producer.send(record);
  }

  // Answers when everything sent is acknowledged. Whose turn it is changes.
  Status flush() {
    for (auto& [partition, sending] : sendings_) {
      if (!std::exchange(sending.unflushed, false)) continue;
      const auto flushed = sending.producer.flush();
      if (!flushed) return flushed.error();
      if (flushed->failed > 0) return refused(partition, *flushed);
      if (sending.first == unknown_offset) sending.first = flushed->first_offset;
      sending.last = std::max(sending.last, flushed->last_offset);
    }
    next_turn();
    return ok_status();
  }

  const std::map<std::int32_t, Sending>& sendings() const { return sendings_; }

private:
  std::int32_t partition_of(const client::Record& record) {
    if (options_.partition) return *options_.partition;
    if (record.key) return client::partition_of_key(bytes_of(*record.key), partitions_);
    turn_bytes_ += record.value.value_or("").size();
    if (turn_bytes_ > batch_bytes_) next_turn();
    return static_cast<std::int32_t>(turn_);
  }

  void next_turn() {
    turn_ = (turn_ + 1) % partitions_;
    turn_bytes_ = 0;
  }

  Result<Sending*> at(std::int32_t partition) {
    auto found = sendings_.find(partition);
    if (found == sendings_.end()) {
      auto producer =
          client_.open_producer(options_.topic, partition, {.acks = options_.acks, .batch_bytes = batch_bytes_});
      if (!producer) return producer.error();
      found = sendings_.emplace(partition, Sending{std::move(*producer)}).first;
    }
    return &found->second;
  }

  static Error refused(std::int32_t partition, const client::Flushed& flushed) {
    const auto& why = flushed.failures.front().error;
    return {why.code, plural(flushed.failed, "batch") + " of partition " + std::to_string(partition) +
                          " refused: " + why.message};
  }

  client::Client& client_;
  const ProduceOptions& options_;
  std::uint32_t partitions_;
  std::size_t batch_bytes_;
  std::uint32_t turn_; // whose turn it is to take records without a key
  std::size_t turn_bytes_ = 0;
  std::map<std::int32_t, Sending> sendings_;
};

Result<std::uint32_t> partitions_of(client::Client& client, const ProduceOptions& options) {
  const auto topic = client.describe_topic(options.topic);
  if (!topic && topic.error().code == ErrorCode::unknown_topic_or_partition)
    return Error{topic.error().code, topic.error().message + " Create it with `callboard topic create`."};
  if (!topic) return topic.error();
  if (options.partition && static_cast<std::uint32_t>(*options.partition) >= topic->partitions)
    return Error{ErrorCode::unknown_topic_or_partition, "there is no partition " + std::to_string(*options.partition) +
                                                            " of topic " + options.topic + ": it has " +
                                                            plural(topic->partitions, "partition") + ", from 0"};
  return topic->partitions;
}

Status send_lines(LineReader& lines, LineProducer& producer, const ProduceOptions& options) {
  for (;;) {
    const auto line = lines.next();
    if (!line) return line.error();
    if (!*line) return producer.flush();
    if (auto sent = producer.send(record_of(**line, options)); !sent) return sent;
    if (lines.more_at_once()) continue;
    if (auto flushed = producer.flush(); !flushed) return flushed;
  }
}

void print(Output& output, const ProduceOptions& options, const std::map<std::int32_t, Sending>& sendings) {
  std::uint64_t records = 0;
  for (const auto& [partition, sending] : sendings) records += sending.records;
  if (output.json) {
    const auto json_of_sending = [](const auto& entry) {
      return JsonObject()
          .add("partition", std::to_string(entry.first))
          .add("records", std::to_string(entry.second.records))
          .add("first_offset", json_number(entry.second.first.value))
          .add("last_offset", json_number(entry.second.last.value))
          .text();
    };
    output.stream << JsonObject()
                         .add("topic", json_text(options.topic))
                         .add("records", std::to_string(records))
                         .add("partitions", json_list(sendings, json_of_sending))
                         .text()
                  << '\n';
    return;
  }
  output.stream << "produced " << plural(records, "record") << " to " << printable(options.topic) << '\n';
  if (sendings.empty() || options.acks == client::Acks::none) return;
  Table table({"PARTITION", "RECORDS", "FIRST OFFSET", "LAST OFFSET"});
  for (const auto& [partition, sending] : sendings)
    table.add({std::to_string(partition), std::to_string(sending.records), number_or_dash(sending.first.value),
               number_or_dash(sending.last.value)});
  table.print(output.stream);
}

} // namespace

client::Record record_of(std::string_view line, const ProduceOptions& options) {
  const auto content = [&](std::string_view text) -> std::optional<std::string> {
    if (text.empty() && options.empty_is_null) return std::nullopt;
    return std::string(text);
  };
  client::Record record;
  record.headers = options.headers;
  record.key = options.key;
  if (options.separator) {
    if (const auto at = line.find(*options.separator); at != line.npos) {
      record.key = content(line.substr(0, at));
      line.remove_prefix(at + options.separator->size());
    }
  }
  record.value = content(line);
  return record;
}

Status produce(client::Client& client, Output& output, const ProduceOptions& options) {
  const auto partitions = partitions_of(client, options);
  if (!partitions) return partitions.error();
  auto lines = LineReader::open(options.file);
  if (!lines) return lines.error();
  LineProducer producer(client, options, *partitions);
  if (auto sent = send_lines(*lines, producer, options); !sent) return sent;
  print(output, options, producer.sendings());
  return ok_status();
}

} // namespace callboard::cli
