// Runs tests/transcripts/*.txt: a command a line, then the effects expected of it, each
// behind "> ". tests/transcripts/README.md says what the commands are.
// CALLBOARD_ACCEPT_TRANSCRIPTS=1 writes what happened into the files instead.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "cluster/partition/state_row.h"
#include "replica_harness.h"

namespace callboard::test {
namespace {

using partition::FetchOutcome;
using partition::ProduceOutcome;
using partition::RowKind;
using partition::RowReader;

std::filesystem::path transcripts() {
  return std::filesystem::path(__FILE__).parent_path() / "../../transcripts";
}

std::vector<std::string> transcript_names() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(transcripts())) {
    if (file.path().extension() == ".txt") names.push_back(file.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// One command: its verb, its `key=value` arguments and its bare words.
struct Command {
  std::string verb;
  std::map<std::string, std::string> values;
  std::vector<std::string> words;

  explicit Command(const std::string& line) {
    std::istringstream in(line);
    in >> verb;
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) {
        words.push_back(word);
      } else {
        values[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
  }
  bool has(const std::string& word) const { return std::find(words.begin(), words.end(), word) != words.end(); }
  template <class T = std::int64_t>
  T number(const std::string& key, T otherwise) const {
    const auto found = values.find(key);
    return found == values.end() ? otherwise : static_cast<T>(std::stoll(found->second));
  }
};

std::string text(Offset first, std::int64_t count) {
  return "@" + std::to_string(first.value) + (count > 1 ? "-" + std::to_string(first.value + count - 1) : "");
}

std::string text(const LogEntry& entry) {
  std::ostringstream out;
  out << entry.index.value << ":t" << entry.term.value << " ";
  switch (entry.type) {
  case EntryType::batch: out << "batch " << text(entry.base_offset, entry.offset_count); break;
  case EntryType::noop: out << "noop"; break;
  case EntryType::membership: out << "membership"; break;
  case EntryType::log_start: out << "log start " << RowReader(entry.payload.text()).get<std::int64_t>(); break;
  }
  return out.str();
}

std::string text(const StateRow& row) {
  std::ostringstream out;
  RowReader key(row.key);
  const auto kind = static_cast<RowKind>(key.get<char>());
  RowReader value(row.value ? *row.value : std::string_view());
  value.get<std::uint8_t>();
  switch (kind) {
  case RowKind::producer: {
    out << "producer " << key.get<std::int64_t>();
    if (!row.value) break;
    out << " epoch " << value.get<std::int16_t>() << ":";
    for (auto count = value.get<std::uint8_t>(); count > 0; --count) {
      const auto first = value.get<std::int32_t>();
      out << " " << first << "-" << value.get<std::int32_t>();
      value.get<std::uint64_t>();
      out << "@" << value.get<std::int64_t>();
      value.get<std::int64_t>();
    }
    break;
  }
  case RowKind::log_start: out << "log start " << value.get<std::int64_t>(); break;
  case RowKind::term:
    out << "term " << key.get<std::int32_t>();
    if (row.value) out << " from @" << value.get<std::int64_t>();
    break;
  }
  if (!row.value) out << " removed";
  return out.str();
}

std::string text(const ProduceOutcome& outcome) {
  std::ostringstream out;
  out << "answer " << outcome.waiter << ": ";
  if (outcome.error != ErrorCode::none) {
    out << name_of(outcome.error) << " " << outcome.message;
  } else {
    out << "offset " << outcome.base_offset.value;
    if (outcome.log_append_time >= 0) out << ", appended at " << outcome.log_append_time;
  }
  return out.str();
}

std::string text(const FetchOutcome& outcome) {
  std::ostringstream out;
  out << "fetched " << outcome.waiter << ": ";
  if (outcome.error != ErrorCode::none) {
    out << name_of(outcome.error);
    return out.str();
  }
  out << "high watermark " << outcome.high_watermark.value << ", log start " << outcome.log_start.value << ",";
  for (const auto& batch : outcome.batches) {
    const auto header = read_batch_header(batch.view());
    BOOST_REQUIRE(header.ok());
    out << " " << text(header->base_offset, header->last_offset_delta + 1);
    if (header->log_append_time()) out << " (appended at " << header->max_timestamp << ")";
  }
  if (outcome.cold) out << " from the log, from " << outcome.cold->from.value << " below " << outcome.cold->upper.value;
  if (outcome.batches.empty() && !outcome.cold) out << " nothing";
  return out.str();
}

template <class Range>
std::string joined(const Range& range) {
  std::string out;
  for (const auto& each : range) out += (out.empty() ? "" : ", ") + text(each);
  return out;
}

class Runner {
public:
  // The lines that a command's effects make.
  std::vector<std::string> run(const std::string& line) {
    const Command command(line);
    const auto known = commands().find(command.verb);
    BOOST_REQUIRE_MESSAGE(known != commands().end(), "unknown command: " << line);
    lines_.clear();
    known->second(*this, command);
    if (!command.has("&")) show(node_.take());
    return lines_;
  }

private:
  using Handler = std::function<void(Runner&, const Command&)>;
  static const std::map<std::string, Handler>& commands() {
    static const std::map<std::string, Handler> all{
        {"start", [](Runner& r, const Command& c) { r.start(c); }},
        {"restart", [](Runner& r, const Command&) { r.node_.start(); }},
        {"campaign", [](Runner& r, const Command&) { r.node_.replica->campaign(); }},
        {"term-stored", [](Runner& r, const Command&) { r.node_.store_hard_state(); }},
        {"written", [](Runner& r, const Command&) { r.node_.write(); }},
        {"written-unanswered", [](Runner& r, const Command&) { r.node_.write(false); }},
        {"disk-full", [](Runner& r, const Command&) { r.node_.fail(ErrorCode::storage_full); }},
        {"disk-broken", [](Runner& r, const Command&) { r.node_.fail(ErrorCode::storage_io); }},
        {"produce", [](Runner& r, const Command& c) { r.produce(c); }},
        {"fetch", [](Runner& r, const Command& c) { r.fetch(c); }},
        {"cancel",
         [](Runner& r, const Command& c) { r.node_.replica->cancel_fetch(c.number<std::uint64_t>("waiter", 0)); }},
        {"drop-cache", [](Runner& r, const Command&) { r.node_.replica->drop_cache(); }},
        {"list", [](Runner& r, const Command& c) { r.list(c); }},
        {"move-log-start", [](Runner& r, const Command& c) { r.move_log_start(c); }},
        {"status", [](Runner& r, const Command&) { r.status(); }},
    };
    return all;
  }

  void start(const Command& command) {
    node_.options.message_bytes_max = command.number<std::int32_t>("max_message_bytes", 1048588);
    node_.options.min_insync_replicas = command.number<std::int32_t>("min_insync_replicas", 1);
    node_.options.log_append_time = command.has("log-append-time");
    node_.deliver_applied = command.has("deliver-applied");
    node_.start();
    if (command.has("leader")) node_.lead();
  }

  void produce(const Command& command) {
    BatchSpec spec;
    spec.records = command.number("records", 1);
    spec.producer = ProducerId(command.number("producer", -1));
    spec.epoch = command.number<std::int16_t>("epoch", 0);
    spec.sequence = command.number<std::int32_t>("sequence", 0);
    const auto acks = command.values.find("acks");
    const auto all = acks == command.values.end() || acks->second == "all";
    node_.replica->produce(produce_command(command.number<std::uint64_t>("waiter", 0),
                                           all ? std::int16_t{-1} : command.number<std::int16_t>("acks", 0), spec),
                           command.number("now", 5000));
  }

  void fetch(const Command& command) {
    partition::FetchCommand fetch;
    fetch.waiter = command.number<std::uint64_t>("waiter", 0);
    fetch.offset = Offset(command.number("offset", 0));
    fetch.bytes_max = command.number<std::size_t>("bytes_max", 1 << 20);
    fetch.park_until_bytes = command.number<std::size_t>("park_until_bytes", 0);
    fetch.leader_epoch = command.number<std::int32_t>("leader_epoch", -1);
    node_.replica->fetch(fetch);
  }

  void list(const Command& command) {
    const auto outcome =
        node_.replica->list_offset(command.has("latest") ? -1 : -2, command.number<std::int32_t>("leader_epoch", -1));
    if (outcome.error != ErrorCode::none) {
      lines_.push_back(std::string(name_of(outcome.error)));
    } else {
      lines_.push_back("offset " + std::to_string(outcome.offset.value) + ", leader epoch " +
                       std::to_string(outcome.leader_epoch.value));
    }
  }

  void move_log_start(const Command& command) {
    const auto error = node_.replica->move_log_start(Offset(command.number("offset", 0)));
    if (error != ErrorCode::none) lines_.push_back(std::string(name_of(error)));
  }

  void status() {
    const auto& replica = *node_.replica;
    std::ostringstream out;
    out << (replica.stopped()   ? "stopped"
            : replica.settled() ? "settled"
            : replica.leading() ? "leading"
                                : "follower")
        << ", term " << replica.term().value << ", log start " << replica.log_start().value << ", high watermark "
        << replica.high_watermark().value << ", log end " << replica.log_end().value << ", waiting "
        << replica.waiting_acks() << ", parked " << replica.parked_fetches();
    lines_.push_back(out.str());
  }

  void show(const Effects& effects) {
    if (effects.hard_state) {
      lines_.push_back("store term " + std::to_string(effects.hard_state->term.value) + ", vote for " +
                       std::to_string(effects.hard_state->vote.value));
    }
    if (effects.leader_changed) lines_.push_back("leader of term " + std::to_string(node_.replica->term().value));
    if (!effects.write.empty()) {
      lines_.push_back("write (generation " + std::to_string(effects.write_generation) + ") " +
                       joined(effects.write.entries));
    }
    if (effects.write.applied.value > 0) {
      lines_.push_back("  with the state as of " + std::to_string(effects.write.applied.value) +
                       (effects.write.state.empty() ? "" : ": ") + joined(effects.write.state));
    }
    for (const auto& outcome : effects.produced) lines_.push_back(text(outcome));
    for (const auto& outcome : effects.fetched) lines_.push_back(text(outcome));
    if (effects.log_start) lines_.push_back("log start is " + std::to_string(effects.log_start->value));
    if (!effects.applied.empty()) lines_.push_back("applied " + joined(effects.applied));
  }

  ReplicaHarness node_;
  std::vector<std::string> lines_;
};

// The transcript with the effects that happened in place of those expected.
std::string replay(std::istream& transcript) {
  Runner runner;
  std::string happened;
  for (std::string line; std::getline(transcript, line);) {
    if (line.starts_with(">")) continue;
    happened += line + "\n";
    if (line.empty() || line.starts_with("#")) continue;
    for (const auto& effect : runner.run(line)) happened += "> " + effect + "\n";
  }
  return happened;
}

BOOST_DATA_TEST_CASE(transcript_has_exactly_the_effects_expected, boost::unit_test::data::make(transcript_names()),
                     name) {
  const auto path = transcripts() / name;
  std::stringstream expected;
  expected << std::ifstream(path).rdbuf();
  const auto happened = replay(expected);
  if (std::getenv("CALLBOARD_ACCEPT_TRANSCRIPTS")) std::ofstream(path) << happened;
  BOOST_TEST(happened == expected.str(), name << " happened otherwise:\n" << happened);
}

} // namespace
} // namespace callboard::test
