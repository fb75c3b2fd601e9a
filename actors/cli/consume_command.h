#pragma once

#include <optional>
#include <set>
#include <string>

#include "actors/cli/output.h"
#include "actors/cli/record_format.h"
#include "actors/client/client.h"

namespace callboard::cli {

// Where each partition is begun.
struct StartAt {
  enum class Kind : std::uint8_t { beginning, end, offset, before_end, time };
  Kind kind = Kind::beginning;
  std::int64_t value = 0; // the offset, how many before the end, or the time in ms
};
// beginning, end, N, -N or @TIMESTAMP_MS. Error: invalid_argument.
Result<StartAt> parse_start(std::string_view text);

struct ConsumeOptions {
  std::string topic;
  std::set<std::int32_t> partitions; // none: all
  StartAt start;
  std::optional<std::uint64_t> count; // records in all; nullopt: no end
  bool exit_at_end = false;           // when every partition has been read up to its high watermark
  RecordFormat format;
  bool null_as_text = false;
};

// Prints records as they come: those of one partition in order. With --format json one
// object a line. Without a count or exit_at_end it goes on until it is interrupted.
Status consume(client::Client& client, Output& output, const ConsumeOptions& options);

} // namespace callboard::cli
