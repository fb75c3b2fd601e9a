#include "actors/node/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <sstream>

namespace callboard {

namespace {

constexpr std::size_t catch_up_min = std::size_t{1} << 20; // bytes a second

Error invalid(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message)};
}

// Takes a key's value into the configuration; otherwise says what it must be.
using Setter = std::function<std::optional<std::string>(const toml::node&, NodeConfig&)>;

struct Key {
  std::string_view section;
  std::string_view name;
  Setter set;

  std::string full_name() const { return std::string(section) + "." + std::string(name); }
};

// `field` picks the member to set: [](NodeConfig& c) -> auto& { return c.loops; }
template <class Field>
Setter integer(Field field, std::int64_t min, std::int64_t max) {
  return [field, min, max](const toml::node& node, NodeConfig& config) -> std::optional<std::string> {
    const auto* value = node.as_integer();
    if (!value || value->get() < min || value->get() > max)
      return "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max);
    auto& member = field(config);
    member = static_cast<std::remove_reference_t<decltype(member)>>(value->get());
    return std::nullopt;
  };
}

template <class Field>
Setter boolean(Field field) {
  return [field](const toml::node& node, NodeConfig& config) -> std::optional<std::string> {
    if (!node.is_boolean()) return "must be true or false";
    field(config) = node.as_boolean()->get();
    return std::nullopt;
  };
}

std::optional<std::string> set_data(const toml::node& node, NodeConfig& config) {
  const auto* value = node.as_string();
  if (!value || value->get().empty()) return "must be the path of a directory, as a string";
  config.data = value->get();
  return std::nullopt;
}

std::optional<std::string> set_listen(const toml::node& node, NodeConfig& config) {
  const std::string wanted = "must be \"HOST:PORT\" or a list of them, as in [\"127.0.0.1:9092\"]";
  toml::array single;
  const auto* list = node.as_array();
  if (node.is_string()) {
    single.push_back(node.as_string()->get());
    list = &single;
  }
  if (!list || list->empty()) return wanted;
  config.listen.clear();
  for (const auto& item : *list) {
    if (!item.is_string()) return wanted;
    auto address = parse_host_port(item.as_string()->get());
    if (!address) return wanted + ": " + address.error().message;
    config.listen.push_back(*address);
  }
  return std::nullopt;
}

std::optional<std::string> set_advertise(const toml::node& node, NodeConfig& config) {
  const std::string wanted = "must be \"HOST:PORT\" as clients reach it";
  if (!node.is_string()) return wanted;
  auto address = parse_host_port(node.as_string()->get());
  if (!address) return wanted + ": " + address.error().message;
  if (address->port == 0) return wanted + ": port 0 cannot be reached";
  config.advertise = *address;
  return std::nullopt;
}

// A list of "HOST:PORT", which may be empty.
template <class Field>
Setter addresses(Field field) {
  return [field](const toml::node& node, NodeConfig& config) -> std::optional<std::string> {
    const std::string wanted = "must be a list of \"HOST:PORT\"";
    const auto* list = node.as_array();
    if (!list) return wanted;
    field(config).clear();
    for (const auto& item : *list) {
      if (!item.is_string()) return wanted;
      auto address = parse_host_port(item.as_string()->get());
      if (!address) return wanted + ": " + address.error().message;
      field(config).push_back(address->text());
    }
    return std::nullopt;
  };
}

// A path or a name.
template <class Field>
Setter text(Field field, const char* wanted) {
  return [field, wanted](const toml::node& node, NodeConfig& config) -> std::optional<std::string> {
    if (!node.is_string()) return wanted;
    field(config) = node.as_string()->get();
    return std::nullopt;
  };
}

std::optional<std::string> set_client_auth(const toml::node& node, NodeConfig& config) {
  const auto* value = node.as_string();
  if (!value || (value->get() != "none" && value->get() != "required")) return "must be \"none\" or \"required\"";
  config.tls_client_auth = value->get();
  return std::nullopt;
}

std::optional<std::string> set_rack(const toml::node& node, NodeConfig& config) {
  constexpr std::size_t length_max = 255;
  if (!node.is_string() || node.as_string()->get().size() > length_max) return "must be a name of at most 255 bytes";
  config.rack = node.as_string()->get();
  return std::nullopt;
}

std::optional<std::string> set_durability(const toml::node& node, NodeConfig& config) {
  const auto* value = node.as_string();
  if (!value || (value->get() != "fsync" && value->get() != "interval")) return "must be \"fsync\" or \"interval\"";
  config.topic.durability = value->get();
  return std::nullopt;
}

const std::vector<Key>& keys() {
  constexpr std::int64_t kib = 1024;
  constexpr std::int64_t gib = kib * kib * kib;
  constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
  constexpr const char* path_wanted = "must be the path of a file, as a string";
  constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
  // A Kafka frame is always smaller than a TLS record header read as a length
  // (decision 14), so that one port can tell them apart.
  constexpr std::int64_t frame_max = 0x16000000 - 1;
  static const std::vector<Key> all = {
      {"node", "data", set_data},
      {"node", "listen", set_listen},
      {"node", "advertise", set_advertise},
      {"node", "rack", set_rack},
      {"node", "join", addresses([](NodeConfig & c) -> auto& { return c.join; })},
      {"node", "seeds", addresses([](NodeConfig & c) -> auto& { return c.seeds; })},
      {"node", "discover",
       text(
           [](NodeConfig & c) -> auto& { return c.discover; }, "must be a name, as a string")},
      {"node", "expect",
       integer(
           [](NodeConfig & c) -> auto& { return c.expect; }, 0, 64)},
      {"node", "insecure", boolean([](NodeConfig & c) -> auto& { return c.insecure; })},
      {"tls", "certificate",
       text(
           [](NodeConfig & c) -> auto& { return c.tls_certificate; }, path_wanted)},
      {"tls", "key",
       text(
           [](NodeConfig & c) -> auto& { return c.tls_key; }, path_wanted)},
      {"tls", "ca",
       text(
           [](NodeConfig & c) -> auto& { return c.tls_ca; }, path_wanted)},
      {"tls", "client_auth", set_client_auth},
      {"tls", "plaintext", boolean([](NodeConfig & c) -> auto& { return c.tls_plaintext; })},
      {"cluster", "secret_file",
       text(
           [](NodeConfig & c) -> auto& { return c.secret_file; }, path_wanted)},
      {"cluster", "catch_up_bytes_per_second",
       integer(
           [](NodeConfig & c) -> auto& { return c.catch_up_bytes_per_second; }, 0, 64 * gib)},
      {"cluster", "metadata_segment_bytes",
       integer(
           [](NodeConfig & c) -> auto& { return c.metadata_segment_bytes; }, 1024 * kib, 64 * gib)},
      {"threads", "loops",
       integer(
           [](NodeConfig & c) -> auto& { return c.loops; }, 0, 64)},
      {"threads", "writers",
       integer(
           [](NodeConfig & c) -> auto& { return c.writers; }, 0, 64)},
      {"threads", "readers",
       integer(
           [](NodeConfig & c) -> auto& { return c.readers; }, 1, 64)},
      {"memory", "tail_cache_bytes",
       integer(
           [](NodeConfig & c) -> auto& { return c.tail_cache_bytes; }, 0, 1024 * gib)},
      {"memory", "compaction_key_bytes",
       integer(
           [](NodeConfig & c) -> auto& { return c.compaction_key_bytes; }, 1024 * kib, 64 * gib)},
      {"memory", "node_inflight_bytes",
       integer(
           [](NodeConfig & c) -> auto& { return c.node_inflight_bytes; }, kib* kib, 1024 * gib)},
      {"memory", "connection_inflight_bytes",
       integer(
           [](NodeConfig & c) -> auto& { return c.connection_inflight_bytes; }, 64 * kib, 64 * gib)},
      {"memory", "request_bytes_max",
       integer(
           [](NodeConfig & c) -> auto& { return c.request_bytes_max; }, 64 * kib, frame_max)},
      {"memory", "response_bytes_max",
       integer(
           [](NodeConfig & c) -> auto& { return c.response_bytes_max; }, 64 * kib, gib)},
      {"connections", "connections_max",
       integer(
           [](NodeConfig & c) -> auto& { return c.connections_max; }, 1, 1'000'000)},
      {"connections", "connection_inflight_requests",
       integer(
           [](NodeConfig & c) -> auto& { return c.connection_inflight_requests; }, 1, 100'000)},
      {"connections", "idle_timeout_ms",
       integer(
           [](NodeConfig & c) -> auto& { return c.idle_timeout_ms; }, 100, 365 * day_ms)},
      {"connections", "sniff_timeout_ms",
       integer(
           [](NodeConfig & c) -> auto& { return c.sniff_timeout_ms; }, 10, day_ms)},
      {"connections", "receive_timeout_ms",
       integer(
           [](NodeConfig & c) -> auto& { return c.receive_timeout_ms; }, 100, day_ms)},
      {"storage", "flush_interval_ms",
       integer(
           [](NodeConfig & c) -> auto& { return c.flush_interval_ms; }, 1, day_ms)},
      {"storage", "scrub_interval_ms",
       integer(
           [](NodeConfig & c) -> auto& { return c.scrub_interval_ms; }, 0, 365 * day_ms)},
      {"storage", "scrub_bytes_per_second",
       integer(
           [](NodeConfig & c) -> auto& { return c.scrub_bytes_per_second; }, 64 * kib, 64 * gib)},
      {"kafka", "auto_create_topics", boolean([](NodeConfig & c) -> auto& { return c.auto_create_topics; })},
      {"topics", "default_partitions",
       integer(
           [](NodeConfig & c) -> auto& { return c.default_partitions; }, 1, 10'000)},
      {"topics", "retention_ms",
       integer(
           [](NodeConfig & c) -> auto& { return c.topic.retention_ms; }, -1, any)},
      {"topics", "retention_bytes",
       integer(
           [](NodeConfig & c) -> auto& { return c.topic.retention_bytes; }, -1, any)},
      {"topics", "segment_bytes",
       integer(
           [](NodeConfig & c) -> auto& { return c.topic.segment_bytes; }, 1024 * kib, 64 * gib)},
      {"topics", "segment_ms",
       integer(
           [](NodeConfig & c) -> auto& { return c.topic.segment_ms; }, 1000, any)},
      {"topics", "max_message_bytes",
       integer(
           [](NodeConfig & c) -> auto& { return c.topic.max_message_bytes; }, kib, frame_max)},
      {"topics", "durability", set_durability},
  };
  return all;
}

// Levenshtein's distance: how many letters apart two names are.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

// The key a person most likely meant: the name counts, then the section.
std::string nearest(std::string_view section, std::string_view name) {
  const auto score = [&](const Key& key) { return 4 * distance(name, key.name) + distance(section, key.section); };
  const auto found =
      std::min_element(keys().begin(), keys().end(), [&](const Key& a, const Key& b) { return score(a) < score(b); });
  return found->full_name();
}

std::string nearest_section(std::string_view section) {
  const auto found = std::min_element(keys().begin(), keys().end(), [&](const Key& a, const Key& b) {
    return distance(section, a.section) < distance(section, b.section);
  });
  return std::string(found->section);
}

std::string at(const std::string& name, const toml::source_region& where) {
  return name + ":" + std::to_string(where.begin.line) + ": ";
}

Status set_section(const std::string& file, std::string_view section, const toml::table& table, NodeConfig& config) {
  for (const auto& [name, node] : table) {
    const auto key = std::find_if(keys().begin(), keys().end(),
                                  [&, n = name.str()](const Key& k) { return k.section == section && k.name == n; });
    const std::string full_name = std::string(section) + "." + std::string(name.str());
    if (key == keys().end())
      return invalid(at(file, name.source()) + "there is no key `" + full_name + "`; the nearest is `" +
                     nearest(section, name.str()) + "`.");
    if (auto wanted = key->set(node, config))
      return invalid(at(file, node.source()) + "`" + full_name + "` " + *wanted + ".");
  }
  return ok_status();
}

Status set_all(const std::string& file, const toml::table& root, NodeConfig& config) {
  const auto known = [](std::string_view section) {
    return std::any_of(keys().begin(), keys().end(), [&](const Key& key) { return key.section == section; });
  };
  for (const auto& [name, node] : root) {
    if (!node.is_table())
      return invalid(at(file, name.source()) + "`" + std::string(name.str()) + "` stands outside a section; perhaps `" +
                     nearest("", name.str()) + "` is meant.");
    if (!known(name.str()))
      return invalid(at(file, name.source()) + "there is no section [" + std::string(name.str()) +
                     "]; the nearest is [" + nearest_section(name.str()) + "].");
    if (auto status = set_section(file, name.str(), *node.as_table(), config); !status) return status;
  }
  return ok_status();
}

} // namespace

Result<NodeConfig> parse_config(std::string_view text, const std::string& name) {
  NodeConfig config;
  try {
    const toml::table root = toml::parse(text, std::string_view(name));
    if (auto status = set_all(name, root, config); !status) return status.error();
  } catch (const toml::parse_error& problem) {
    return invalid(at(name, problem.source()) + "this is not TOML: " + std::string(problem.description()) + ".");
  }
  return config;
}

Result<NodeConfig> load_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  file.peek();
  if (!file.is_open() || file.bad())
    return invalid("The configuration file " + path + " cannot be read; check that it is there and is a file.");
  std::ostringstream text;
  text << file.rdbuf();
  return parse_config(text.str(), path);
}

namespace {

// Who may come in: other nodes, and clients.
Status check_doors(const NodeConfig& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty())
    return invalid("A certificate needs its key, and a key its certificate: give both --tls-cert and --tls-key "
                   "(tls.certificate, tls.key).");
  if (config.asks_clients() && (!config.has_tls() || config.tls_ca.empty()))
    return invalid("`tls.client_auth` = \"required\" needs a certificate of this node's own and the CA that signs the "
                   "others': give --tls-cert, --tls-key and --tls-ca; `callboard cluster init-tls` makes them.");
  if (!config.has_tls() && (!config.tls_plaintext || !config.tls_ca.empty()))
    return invalid("`tls.ca` and `tls.plaintext` = false need a certificate of this node's own: give --tls-cert and "
                   "--tls-key; `callboard cluster init-tls` makes them.");
  for (const auto& address : config.listen)
    if (!config.insecure && !config.asks_clients() && !address.is_loopback())
      return invalid("Listening on " + address.text() +
                     " would let anyone who reaches it read and write, since this version has no users and passwords; "
                     "listen on 127.0.0.1, ask everybody for a certificate (--tls-client-auth required; `callboard "
                     "cluster init-tls` makes certificates), or pass --insecure if the network is trusted.");
  for (const auto& address : config.listen)
    if (!config.advertise && (address.host == "0.0.0.0" || address.host == "::"))
      return invalid("Clients and other nodes are told where this node is, and " + address.text() +
                     " does not say that: give --advertise HOST:PORT, or listen on one address.");
  return ok_status();
}

Status check_forming(const NodeConfig& config) {
  if (config.discover.empty() != (config.expect == 0))
    return invalid("--discover NAME and --expect N (node.discover, node.expect) need each other: N is the number of "
                   "all nodes that there are to discover.");
  if (config.expect == 1) return invalid("--expect 1 discovers nobody: a cluster of one needs no --discover.");
  const bool plain =
      std::all_of(config.discover.begin(), config.discover.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!plain) return invalid("The name to discover must be of letters, digits and signs, without blanks.");
  if (config.discover.size() > discovery_name_bytes_max)
    return invalid("The name to discover has " + std::to_string(config.discover.size()) + " bytes; at most " +
                   std::to_string(discovery_name_bytes_max) + " are possible.");
  if (!config.discover.empty() && (!config.join.empty() || !config.seeds.empty()))
    return invalid("--discover excludes --join and --seeds: give one of them.");
  return ok_status();
}

} // namespace

Status check_config(const NodeConfig& config) {
  if (auto checked = check_doors(config); !checked) return checked;
  if (auto checked = check_forming(config); !checked) return checked;
  if (config.connection_inflight_bytes > config.node_inflight_bytes)
    return invalid("`memory.connection_inflight_bytes` (" + std::to_string(config.connection_inflight_bytes) +
                   ") must not be larger than `memory.node_inflight_bytes` (" +
                   std::to_string(config.node_inflight_bytes) + ").");
  if (config.catch_up_bytes_per_second != 0 && config.catch_up_bytes_per_second < catch_up_min)
    return invalid("`cluster.catch_up_bytes_per_second` (" + std::to_string(config.catch_up_bytes_per_second) +
                   ") must be 0, for no bound, or at least " + std::to_string(catch_up_min) + ".");
  if (static_cast<std::uint64_t>(config.topic.max_message_bytes) > config.request_bytes_max)
    return invalid("`topics.max_message_bytes` (" + std::to_string(config.topic.max_message_bytes) +
                   ") must not be larger than `memory.request_bytes_max` (" + std::to_string(config.request_bytes_max) +
                   "), the largest request.");
  return ok_status();
}

} // namespace callboard
