#include "actors/cli/consume_command.h"

#include <algorithm>
#include <charconv>

#include "actors/client/topic_consumer.h"

namespace callboard::cli {
namespace {

using Place = client::TopicConsumer::Place;
using Kind = StartAt::Kind;
using namespace std::chrono_literals;

constexpr auto parked = 10s; // at the broker, before it answers that there is nothing

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Offset> start_of(client::Client& client, const ConsumeOptions& options, const client::PartitionInfo& partition) {
  const auto first = partition.log_start;
  const auto end = partition.high_watermark;
  switch (options.start.kind) {
  case Kind::beginning: return first;
  case Kind::end: return end;
  case Kind::before_end: return std::max(first, Offset(end.value - std::min(end.value, options.start.value)));
  case Kind::offset:
    if (const Offset wanted(options.start.value); wanted >= first && wanted <= end) return wanted;
    return Error{ErrorCode::offset_out_of_range,
                 "partition " + std::to_string(partition.id) + " has no offset " + std::to_string(options.start.value) +
                     ": it begins at " + std::to_string(first.value) + " and ends before " + std::to_string(end.value)};
  case Kind::time: break;
  }
  const auto found = client.list_offset(options.topic, partition.id, options.start.value);
  if (!found) return found.error();
  return found->offset.value < 0 ? end : found->offset;
}

Error no_such_partition(const ConsumeOptions& options, std::int32_t id, std::size_t count) {
  return {ErrorCode::unknown_topic_or_partition, "there is no partition " + std::to_string(id) + " of topic " +
                                                     options.topic + ": it has " + plural(count, "partition") +
                                                     ", from 0"};
}

Result<std::vector<Place>> places_of(client::Client& client, const ConsumeOptions& options) {
  const auto partitions = client.describe_partitions(options.topic);
  if (!partitions) return partitions.error();
  for (const auto id : options.partitions)
    if (static_cast<std::size_t>(id) >= partitions->size()) return no_such_partition(options, id, partitions->size());
  std::vector<Place> places;
  for (const auto& partition : *partitions) {
    if (!options.partitions.empty() && !options.partitions.contains(partition.id)) continue;
    if (partition.error) return *partition.error;
    const auto start = start_of(client, options, partition);
    if (!start) return start.error();
    places.push_back({partition.id, *start});
  }
  return places;
}

// Writes what was polled and counts it down.
class Printer {
public:
  Printer(Output& output, const ConsumeOptions& options)
    : output_(output), options_(options), left_(options.count.value_or(std::numeric_limits<std::uint64_t>::max())) {}

  bool wants_more() const { return left_ > 0 && output_.stream.good(); }
  void print(const client::Polled& polled) {
    text_.clear();
    for (const auto& record : polled.records) {
      if (left_ == 0) break;
      --left_;
      add(polled.partition, record);
    }
    output_.stream << text_ << std::flush;
  }

private:
  void add(std::int32_t partition, const client::Record& record) {
    if (output_.json)
      text_ += json_of(options_.topic, partition, record) + '\n';
    else
      options_.format.print(text_, options_.topic, partition, record, {options_.null_as_text, output_.terminal});
  }

  Output& output_;
  const ConsumeOptions& options_;
  std::uint64_t left_;
  std::string text_;
};

Error explained(const Error& error) {
  if (error.code != ErrorCode::unsupported_compression_type) return error;
  return {error.code, "the topic holds compressed records, which this command cannot unpack yet; read them with a "
                      "Kafka client, as kcat -C"};
}

} // namespace

Result<StartAt> parse_start(std::string_view text) {
  if (text == "beginning") return StartAt{Kind::beginning};
  if (text == "end") return StartAt{Kind::end};
  const bool time = text.starts_with('@');
  const auto value = number(time ? text.substr(1) : text);
  if (!value || (time && *value < 0) || *value == std::numeric_limits<std::int64_t>::min())
    return Error{ErrorCode::invalid_argument, "\"" + std::string(text) +
                                                  "\" is no place to begin; write beginning, end, an offset, -N for "
                                                  "the last N, or @TIMESTAMP_MS"};
  if (time) return StartAt{Kind::time, *value};
  if (text.starts_with('-')) return StartAt{Kind::before_end, -*value};
  return StartAt{Kind::offset, *value};
}

Status consume(client::Client& client, Output& output, const ConsumeOptions& options) {
  const auto places = places_of(client, options);
  if (!places) return places.error();
  client::TopicConsumer consumer(client, options.topic, *places, options.exit_at_end ? 0s : parked);
  Printer printer(output, options);
  while (printer.wants_more() && consumer.partitions() > 0) {
    const auto polled = consumer.poll(parked);
    if (!polled) return explained(polled.error());
    if (!*polled) continue;
    printer.print(**polled);
    if (options.exit_at_end && (*polled)->at_end()) consumer.drop((*polled)->partition);
  }
  return ok_status();
}

} // namespace callboard::cli
