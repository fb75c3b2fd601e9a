#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/host_port.h"
#include "schema/result.h"

namespace callboard {

// What a topic gets that does not set it itself: the same names as the topic's
// configs, with `_` for `.` (durability: `callboard.durability`).
struct TopicDefaults {
  std::int64_t retention_ms = 7LL * 24 * 3600 * 1000; // -1: keep for ever
  std::int64_t retention_bytes = -1;                  // of a partition's batches; -1: no bound
  std::int64_t segment_bytes = 128LL << 20;
  std::int64_t segment_ms = 7LL * 24 * 3600 * 1000;
  std::int64_t max_message_bytes = 1048588; // of one batch, its header included
  std::string durability = "fsync";         // or "interval"
};

inline constexpr std::size_t discovery_name_bytes_max = 128;

// How one node runs. The defaults stand here and nowhere else; conf/callboard.toml
// documents each key, and a test holds the two together.
struct NodeConfig {
  // [node]
  std::string data = "./data";
  std::vector<HostPort> listen = {{"127.0.0.1", 9092}};
  std::optional<HostPort> advertise; // nullopt: the address that a client reached
  std::vector<std::string> join;     // addresses of nodes of the cluster to join
  std::vector<std::string> seeds;    // of those that found one together, this node among them
  std::string rack;                  // replicas of a partition are spread over racks
  std::string discover;              // name of the cluster to find by multicast
  std::int32_t expect = 0;           // all nodes that there are to discover
  bool insecure = false;             // may listen beyond loopback without authentication

  // [tls]; files in PEM
  std::string tls_certificate; // empty: no TLS
  std::string tls_key;
  std::string tls_ca;                   // who signs the certificates of others; empty: whom this machine trusts
  std::string tls_client_auth = "none"; // or "required": whoever comes shows a certificate that the CA signed
  bool tls_plaintext = true;            // clients without TLS are served too

  // [cluster]
  std::string secret_file; // what all nodes know and nobody else; empty: no secret
  // That this node sends from disk to replicas that are far behind; 0: as fast as it goes.
  std::size_t catch_up_bytes_per_second = std::size_t{64} << 20;
  std::int64_t metadata_segment_bytes = 16LL << 20; // its log is compacted, segment by segment

  bool has_tls() const { return !tls_certificate.empty(); }
  bool asks_clients() const { return tls_client_auth == "required"; }

  // [threads]; 0: decided at start
  std::uint32_t loops = 0;   // KJ loops: a connection lives on one. 0: one a core, at most 4
  std::uint32_t writers = 0; // threads that commit to LMDB. 0: 4
  std::uint32_t readers = 2; // threads that read what is not in memory

  // [memory], all in bytes
  std::size_t tail_cache_bytes = std::size_t{64} << 20;
  std::size_t compaction_key_bytes = std::size_t{32} << 20; // 24 a key of a log being compacted
  std::size_t node_inflight_bytes = std::size_t{512} << 20;
  std::size_t connection_inflight_bytes = std::size_t{8} << 20;
  std::size_t request_bytes_max = std::size_t{100} << 20;
  std::size_t response_bytes_max = std::size_t{16} << 20;

  // [connections]
  std::uint32_t connections_max = 4096;
  std::uint32_t connection_inflight_requests = 64;
  std::int64_t idle_timeout_ms = 600'000;
  std::int64_t sniff_timeout_ms = 10'000;
  std::int64_t receive_timeout_ms = 30'000; // for 128 KiB of a request

  // [storage]
  std::int64_t flush_interval_ms = 50; // of topics with `callboard.durability=interval`
  // Closed segments are compared with their checksums: from one pass to the next (0: never),
  // and how much is read in a second.
  std::int64_t scrub_interval_ms = 7LL * 24 * 3600 * 1000;
  std::size_t scrub_bytes_per_second = std::size_t{8} << 20;

  // [kafka]
  bool auto_create_topics = true;

  // [topics]
  std::int32_t default_partitions = 1;
  TopicDefaults topic;
};

// Reads a TOML file over the defaults. Every error is invalid_argument and a sentence
// with file and line: what cannot be read, is not TOML, is no key of ours (with the
// nearest one), has the wrong type or is out of range.
Result<NodeConfig> load_config(const std::string& path);
// The same from memory; `name` stands where errors name the file.
Result<NodeConfig> parse_config(std::string_view text, const std::string& name);

// What only holds together: to be called once file and command line are merged.
// Error: invalid_argument, e.g. listening beyond loopback without `insecure`.
Status check_config(const NodeConfig& config);

} // namespace callboard
