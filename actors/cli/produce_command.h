#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/cli/output.h"
#include "actors/client/client.h"

namespace callboard::cli {

struct ProduceOptions {
  std::string topic;
  std::optional<std::int32_t> partition; // nullopt: by the key; without one they take turns
  std::optional<std::string> key;        // of every record
  std::optional<std::string> separator;  // a line is KEY SEPARATOR VALUE
  std::vector<RecordHeader> headers;     // of every record
  client::Acks acks = client::Acks::all;
  bool empty_is_null = false;
  std::string file = "-";
};

// A line as a record. With a separator a line without it has a null key.
client::Record record_of(std::string_view line, const ProduceOptions& options);

// Each line of the input is a record. They travel in batches, which are sent when they
// are full or the input pauses, so that lines typed by hand leave one by one. Ends when
// all are acknowledged; at the first that is not, with its error.
Status produce(client::Client& client, Output& output, const ProduceOptions& options);

} // namespace callboard::cli
