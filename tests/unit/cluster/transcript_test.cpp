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

#include "replica_harness.h"
#include "transcript_text.h"

namespace callboard::test {
namespace {

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
    return found == values.end() ? otherwise : static_cast<T>(std::stoull(found->second));
  }
  std::string value(const std::string& key) const {
    const auto found = values.find(key);
    return found == values.end() ? "" : found->second;
  }
};

NodeId node_of(const std::string& name) {
  BOOST_REQUIRE_MESSAGE(name.size() == 1 && name[0] >= 'a' && name[0] <= 'i', "not a replica: " << name);
  return NodeId(name[0] - 'a' + 1);
}

std::vector<NodeId> nodes_of(const std::string& names) {
  std::vector<NodeId> nodes;
  for (const auto name : names) nodes.push_back(node_of(std::string(1, name)));
  return nodes;
}

// One replica and what can be done to it.
class Actor {
public:
  ReplicaHarness node;

  // The lines that a command's effects make.
  std::vector<std::string> run(const Command& command) {
    const auto known = commands().find(command.verb);
    BOOST_REQUIRE_MESSAGE(known != commands().end(), "unknown command: " << command.verb);
    lines_.clear();
    known->second(*this, command);
    if (!command.has("&")) show(node.take());
    return std::move(lines_);
  }
  // The same for what happens without a command.
  std::vector<std::string> observe() {
    lines_.clear();
    show(node.take());
    return std::move(lines_);
  }

private:
  using Handler = std::function<void(Actor&, const Command&)>;
  static const std::map<std::string, Handler>& commands() {
    static const std::map<std::string, Handler> all{
        {"start", [](Actor& a, const Command& c) { a.start(c); }},
        {"restart", [](Actor& a, const Command&) { a.node.start(); }},
        {"tick", [](Actor& a, const Command& c) { a.tick(c); }},
        {"campaign", [](Actor& a, const Command&) { a.replica().campaign(); }},
        {"term-stored", [](Actor& a, const Command&) { a.node.store_hard_state(); }},
        {"written", [](Actor& a, const Command&) { a.node.write(); }},
        {"written-unanswered", [](Actor& a, const Command&) { a.node.write(false); }},
        {"disk-full", [](Actor& a, const Command&) { a.node.fail(ErrorCode::storage_full); }},
        {"disk-broken", [](Actor& a, const Command&) { a.node.fail(ErrorCode::storage_io); }},
        {"read", [](Actor& a, const Command&) { a.node.read(); }},
        {"trim", [](Actor& a, const Command&) { a.node.trim(); }},
        {"produce", [](Actor& a, const Command& c) { a.produce(c); }},
        {"expire", [](Actor& a, const Command& c) { a.replica().expire_produce(waiter_of(c)); }},
        {"fetch", [](Actor& a, const Command& c) { a.fetch(c); }},
        {"cancel", [](Actor& a, const Command& c) { a.replica().cancel_fetch(waiter_of(c)); }},
        {"drop-cache", [](Actor& a, const Command&) { a.replica().drop_cache(); }},
        {"list", [](Actor& a, const Command& c) { a.list(c); }},
        {"epoch-end", [](Actor& a, const Command& c) { a.epoch_end(c); }},
        {"compact", [](Actor& a, const Command& c) { a.compact(c); }},
        {"move-log-start", [](Actor& a, const Command& c) { a.move_log_start(c); }},
        {"members", [](Actor& a, const Command& c) { a.change_members(c); }},
        {"transfer",
         [](Actor& a, const Command& c) { a.say(a.replica().transfer_leadership(node_of(c.value("to")))); }},
        {"down", [](Actor& a, const Command& c) { a.replica().peer_down(node_of(c.value("node"))); }},
        {"up", [](Actor& a, const Command& c) { a.replica().peer_up(node_of(c.value("node"))); }},
        {"stop",
         [](Actor& a, const Command&) {
           a.replica().stop({ErrorCode::kafka_storage_error, "Stopped."});
         }},
        {"vote", [](Actor& a, const Command& c) { a.forge_vote(c); }},
        {"append", [](Actor& a, const Command& c) { a.forge_append(c); }},
        {"refusals", [](Actor& a, const Command&) { a.refusals(); }},
        {"status", [](Actor& a, const Command&) { a.status(); }},
    };
    return all;
  }

  PartitionReplica& replica() { return *node.replica; }
  static partition::WaiterId waiter_of(const Command& command) { return command.number<std::uint64_t>("waiter", 0); }

  void start(const Command& command) {
    node.options.message_bytes_max = command.number<std::int32_t>("max_message_bytes", 1048588);
    node.options.min_insync_replicas = command.number<std::int32_t>("min_insync_replicas", 1);
    node.options.log_append_time = command.has("log-append-time");
    node.options.delete_retention_ms = command.number<std::int64_t>("delete_retention_ms", 86400000);
    node.deliver_applied = command.has("deliver-applied");
    node.start();
    if (command.has("leader")) node.lead();
  }

  void tick(const Command& command) {
    for (auto ticks = command.number("times", 1); ticks > 0; --ticks) replica().tick();
  }

  void produce(const Command& command) {
    BatchSpec spec;
    spec.records = command.number("records", 1);
    spec.producer = ProducerId(command.number("producer", -1));
    spec.epoch = command.number<std::int16_t>("epoch", 0);
    spec.sequence = command.number<std::int32_t>("sequence", 0);
    const auto acks = command.value("acks");
    const bool all = acks.empty() || acks == "all";
    replica().produce(
        produce_command(waiter_of(command), all ? std::int16_t{-1} : command.number<std::int16_t>("acks", 0), spec),
        command.number("now", 5000));
  }

  void fetch(const Command& command) {
    partition::FetchCommand fetch;
    fetch.waiter = waiter_of(command);
    fetch.offset = Offset(command.number("offset", 0));
    fetch.bytes_max = command.number<std::size_t>("bytes_max", 1 << 20);
    fetch.park_until_bytes = command.number<std::size_t>("park_until_bytes", 0);
    fetch.leader_epoch = command.number<std::int32_t>("leader_epoch", -1);
    fetch.last_fetched_epoch = command.number<std::int32_t>("last_fetched_epoch", -1);
    replica().fetch(fetch);
  }

  void list(const Command& command) {
    const auto outcome =
        replica().list_offset(command.has("latest") ? -1 : -2, command.number<std::int32_t>("leader_epoch", -1));
    if (outcome.error != ErrorCode::none) {
      lines_.push_back(std::string(name_of(outcome.error)));
    } else {
      lines_.push_back("offset " + std::to_string(outcome.offset.value) + ", leader epoch " +
                       std::to_string(outcome.leader_epoch.value));
    }
  }

  void epoch_end(const Command& command) {
    const auto end = replica().end_offset_for(command.number<std::int32_t>("leader_epoch", 0),
                                              command.number<std::int32_t>("current_leader_epoch", -1));
    lines_.push_back(end.error != ErrorCode::none ? std::string(name_of(end.error))
                                                  : "epoch " + std::to_string(end.leader_epoch.value) + " ends at " +
                                                        std::to_string(end.end.value));
  }

  void compact(const Command& command) {
    const auto error = replica().compact(Offset(command.number("upto", 0)), command.number<TimestampMs>("now", 5000));
    if (error != ErrorCode::none) lines_.push_back(std::string(name_of(error)));
  }

  void move_log_start(const Command& command) {
    const auto error = replica().move_log_start(Offset(command.number("offset", 0)));
    if (error != ErrorCode::none) lines_.push_back(std::string(name_of(error)));
  }

  void change_members(const Command& command) {
    Membership target;
    target.voters = nodes_of(command.value("voters"));
    target.learners = nodes_of(command.value("learners"));
    say(replica().change_membership(target));
  }

  void say(const Status& status) {
    if (!status) lines_.push_back(std::string(name_of(status.error().code)) + " " + status.error().message);
  }

  // Messages that no honest peer would send.
  void forge(const Command& command, raft::Body body) {
    const auto group = GroupId(command.number<std::uint64_t>("group", 1));
    replica().step({group, node_of(command.value("from")), node.self, Term(command.number<std::int32_t>("term", 1)),
                    std::move(body)});
  }
  void forge_vote(const Command& command) {
    forge(command, raft::VoteRequest{RaftIndex(command.number<std::uint64_t>("last", 0)),
                                     Term(command.number<std::int32_t>("last_term", 0)), command.has("pre"), false});
  }
  void forge_append(const Command& command) {
    raft::Append append{RaftIndex(command.number<std::uint64_t>("prev", 0)),
                        Term(command.number<std::int32_t>("prev_term", 0)),
                        RaftIndex(command.number<std::uint64_t>("commit", 0))};
    if (const auto index = command.number<std::uint64_t>("entry", 0)) {
      LogEntry entry;
      entry.index = RaftIndex(index);
      entry.term = Term(command.number<std::int32_t>("entry_term", 1));
      entry.type = EntryType::noop;
      entry.base_offset = Offset(command.number("offset", 0));
      append.entries.push_back(entry);
    }
    forge(command, std::move(append));
  }
  void refusals() {
    const auto& refused = replica().raft().refusals();
    std::ostringstream out;
    out << "strangers " << refused.strangers << ", stale " << refused.stale << ", far future " << refused.far_future
        << ", malformed " << refused.malformed << ", leader kept " << refused.leader_kept;
    lines_.push_back(out.str());
  }

  void status() {
    std::ostringstream out;
    out << (replica().stopped()   ? "stopped"
            : replica().settled() ? "settled"
            : replica().leading() ? "leading"
                                  : "follower")
        << ", term " << replica().term().value << ", log start " << replica().log_start().value << ", high watermark "
        << replica().high_watermark().value << ", log end " << replica().log_end().value << ", waiting "
        << replica().waiting_acks() << ", parked " << replica().parked_fetches();
    if (node.in_group) {
      out << ", last " << replica().raft().last_index().value << ", commit " << replica().raft().commit_index().value
          << ", leader " << name_of_node(replica().leader()) << ", " << text(replica().membership())
          << (replica().resting() ? ", rests" : "");
    }
    lines_.push_back(out.str());
  }

  void show(const Effects& effects) {
    if (effects.hard_state) {
      const auto& hard = *effects.hard_state;
      const auto vote = node.in_group ? name_of_node(hard.vote) : std::to_string(hard.vote.value);
      lines_.push_back("store term " + std::to_string(hard.term.value) + ", vote for " + vote +
                       (effects.membership_changed ? ", " + text(hard.membership) : ""));
    }
    show_carried(effects.after_hard_state);
    if (effects.leader_changed) show_leader();
    if (!effects.write.empty()) show_write(effects);
    show_carried(effects.after_write);
    for (const auto& outcome : effects.produced) lines_.push_back(text(outcome));
    for (const auto& outcome : effects.fetched) lines_.push_back(text(outcome));
    if (effects.log_start) lines_.push_back("log start is " + std::to_string(effects.log_start->value));
    if (effects.compaction) lines_.push_back("compact " + text(*effects.compaction));
    if (!effects.applied.empty()) lines_.push_back("applied " + joined(effects.applied));
    for (const auto& read : effects.reads) {
      lines_.push_back("read from " + std::to_string(read.from.value) + " for " + name_of_node(read.to));
    }
  }

  void show_write(const Effects& effects) {
    std::string what;
    if (effects.write.reset) {
      what += " start over at " + std::to_string(effects.write.reset->first_index.value) + " " +
              text(effects.write.reset->next_offset, 1);
    }
    if (effects.write.truncate_from)
      what += " from " + std::to_string(effects.write.truncate_from->value) + " on anew:";
    lines_.push_back("write (generation " + std::to_string(effects.write_generation) + ")" + what +
                     (effects.write.entries.empty() ? "" : " ") + joined(effects.write.entries));
    if (effects.write.applied.value == 0) return;
    auto rows = effects.write.state;
    // Every state has one (log_digest_test).
    std::erase_if(rows, [](const StateRow& row) { return row.key.front() == static_cast<char>(RowKind::digest); });
    lines_.push_back("  with the state as of " + std::to_string(effects.write.applied.value) +
                     (rows.empty() ? "" : ": ") + joined(rows));
  }

  // What leaves once the line above is on disk.
  void show_carried(const std::vector<raft::Message>& messages) {
    for (const auto& message : messages) lines_.push_back("  then " + text(message));
  }

  void show_leader() {
    const auto term = " of term " + std::to_string(replica().term().value);
    if (!node.in_group) {
      lines_.push_back("leader" + term);
    } else {
      lines_.push_back(replica().leader() == no_node ? "leads no longer"
                                                     : "leader" + term + " is " + name_of_node(replica().leader()));
    }
  }

  std::vector<std::string> lines_;
};

// A transcript's replica, or its group of them and what lies between.
class Runner {
public:
  std::vector<std::string> run(const std::string& line) {
    lines_.clear();
    const Command command(line);
    if (command.verb == "group") {
      form(command);
    } else if (group_.empty()) {
      return alone_.run(command);
    } else if (command.verb == "deliver" || command.verb == "drop") {
      carry(command);
    } else if (command.verb == "settle") {
      settle(command);
    } else {
      const auto rest = line.substr(command.verb.size());
      auto& actor = group_.at(node_of(command.verb));
      report(node_of(command.verb), actor.run(Command(rest)));
    }
    return lines_;
  }

private:
  void form(const Command& command) {
    Membership founding;
    founding.voters = nodes_of(command.value("voters"));
    founding.learners = nodes_of(command.value("learners"));
    auto all = founding.members();
    for (const auto node : nodes_of(command.value("others"))) all.push_back(node);
    for (const auto id : all) {
      auto& node = group_[id].node;
      node.self = id;
      node.in_group = true;
      node.disk.hard.membership = founding;
      node.raft.rest_ticks = command.number<std::uint32_t>("rest_ticks", 0);
      node.raft.message_bytes_max = command.number<std::size_t>("message_bytes", std::size_t{1} << 20);
      node.raft.memory_bytes_max = command.number<std::size_t>("memory_bytes", std::size_t{1} << 20);
      node.options.min_insync_replicas = command.number<std::int32_t>("min_insync_replicas", 1);
      node.start();
    }
  }

  // Lines of one replica, and its messages on their way.
  void report(NodeId id, const std::vector<std::string>& lines, bool silent = false) {
    auto& node = group_.at(id).node;
    for (const auto& line : lines) {
      if (!silent) lines_.push_back(line.starts_with("  ") ? line : name_of_node(id) + ": " + line);
    }
    for (auto& message : node.outbox) {
      if (!silent) lines_.push_back(text(message));
      links_[{message.from, message.to}].push_back(std::move(message));
    }
    node.outbox.clear();
  }

  // deliver a->b [all]: the oldest message of that link, or all that are there now.
  void carry(const Command& command) {
    const auto& link = command.words.at(0);
    auto& messages = links_[{node_of(link.substr(0, 1)), node_of(link.substr(3, 1))}];
    BOOST_REQUIRE_MESSAGE(!messages.empty(), "nothing is on its way: " << link);
    for (auto left = command.has("all") ? messages.size() : 1; left > 0; --left) {
      auto message = std::move(messages.front());
      messages.pop_front();
      if (command.verb == "drop") continue;
      auto& actor = group_.at(message.to);
      actor.node.replica->step(message);
      if (command.has("twice")) actor.node.replica->step(message);
      report(message.to, actor.observe());
    }
  }

  // Everything is stored and delivered until nothing moves; `cut=bc` loses all to and
  // from these. Says only what clients and the caller get to see.
  void settle(const Command& command) {
    const auto cut = command.value("cut");
    for (auto ticks = command.number("ticks", 0); ticks >= 0; --ticks) {
      for (bool moved = true; moved;) {
        moved = false;
        for (auto& [id, actor] : group_) moved |= store_all(id, actor);
        for (auto& [link, messages] : links_) moved |= pass_all(messages, cut);
      }
      for (auto& [id, actor] : group_) {
        if (ticks > 0) actor.node.replica->tick();
        show_outcomes(id, actor);
      }
    }
  }

  bool store_all(NodeId id, Actor& actor) {
    bool moved = false;
    while (actor.node.store_next()) {
      moved = true;
      show_outcomes(id, actor);
    }
    return moved;
  }

  bool pass_all(std::deque<raft::Message>& messages, const std::string& cut) {
    const bool moved = !messages.empty();
    while (!messages.empty()) {
      auto message = std::move(messages.front());
      messages.pop_front();
      const auto lost = [&](NodeId node) { return cut.find(name_of_node(node)) != std::string::npos; };
      if (lost(message.from) || lost(message.to)) continue;
      const auto to = message.to;
      auto& actor = group_.at(to);
      actor.node.replica->step(std::move(message));
      show_outcomes(to, actor);
    }
    return moved;
  }

  void show_outcomes(NodeId id, Actor& actor) {
    const auto seen = actor.observe();
    std::vector<std::string> told;
    for (const auto& line : seen) {
      const bool outcome = line.starts_with("answer") || line.starts_with("fetched") || line.starts_with("lead") ||
                           line.starts_with("log start") || line.starts_with("applied");
      if (outcome) told.push_back(line);
    }
    for (const auto& line : told) lines_.push_back(name_of_node(id) + ": " + line);
    report(id, {}, true);
  }

  Actor alone_;
  std::map<NodeId, Actor> group_;
  std::map<std::pair<NodeId, NodeId>, std::deque<raft::Message>> links_;
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
    BOOST_TEST_CONTEXT(happened) {
      for (const auto& effect : runner.run(line)) happened += "> " + effect + "\n";
    }
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
