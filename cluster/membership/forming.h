#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/host_port.h"
#include "schema/peer_message.h"
#include "schema/result.h"
#include "schema/uuid.h"

namespace callboard::membership {

enum class FormingMode : std::uint8_t {
  alone,    // founds a cluster of one
  join,     // the seeds are members of a cluster; never founds
  seeds,    // founds with all seeds, once none of them belongs to a cluster
  discover, // the same with whom multicast finds, once they are `expect`
};

// Durations are ticks of the caller's, meant for 50 ms.
struct FormingConfig {
  std::uint32_t probe_ticks = 4;      // an address that answered is asked again after this
  std::uint32_t retry_ticks_max = 20; // one that failed after 1, 2, 4 .. this
  std::uint32_t answer_ticks = 20;    // then a probe is taken for lost
  std::uint32_t join_ticks = 100;     // then a request to join is; less than settle_ticks
  std::uint32_t fresh_ticks = 60;     // an answer to a probe that left earlier counts no more
  std::uint32_t settle_ticks = 120;   // how long another node must stay at an address to count
  std::uint32_t patience_ticks = 200; // what cannot end well is given up after this
  std::size_t discovered_max = 64;    // further addresses are ignored
};

struct FormingStart {
  FormingMode mode = FormingMode::alone;
  Uuid identity;                    // of the data directory; if it is not kept, a restart costs settle_ticks
  std::optional<Uuid> cluster{};    // that it belongs to already: then nothing is to be done
  std::vector<std::string> seeds{}; // HOST:PORT, as given
  std::string name{};               // of the cluster to discover
  // So many nodes found; 0: as many as there are seeds, but two. Of those to discover: all
  // that there are. With less, one that agreed and starts anew no longer knows with whom.
  std::uint32_t expect = 0;
  std::uint64_t seed = 0; // of the jitter
  FormingConfig config{};
};

// To be answered with answered() or failed(), each by its number.
struct Call {
  std::uint64_t number = 0;
  HostPort address;
  std::string host{}; // as the seed was given: whom a certificate there must be for
};

struct FormingEffects {
  std::vector<Call> probes;       // send question()
  std::optional<Call> join;       // send a JoinRequest
  bool found = false;             // draw the cluster's id, store it, then belongs()
  std::optional<std::string> say; // what it waits for now, for the log: only what is new
  std::optional<Error> give_up;   // it cannot end well; nothing comes after this
};

// How a node without a cluster comes to belong to one (ARCHITECTURE.md, "Forming a
// cluster"). Pure; belongs to one thread. After belongs() it only answers others' probes.
//
// Nodes are told apart by their identities, not by addresses: who answers with one's own
// identity is oneself, and lists in another order or spelling that lead to the same nodes
// are the same list. Two clusters by accident are kept out by these rules:
//
//   meet     each seed has answered lately, none with a cluster; oneself is one of them,
//            and they are as many nodes as seeds (one node at two seeds hides another)
//   agree    an answer names everybody its sender has met. The least of them founds as soon
//            as every other names exactly the same nodes: one who sees others holds it up
//   promise  who named a set will never name one without that set's founder, which may have
//            founded, until another node has stayed at the founder's seed: then its directory
//            is gone, and its cluster with it
//   join     who sees a member of a cluster joins it, and names nobody while it asks
//
// A founder that has founded, or is about to, names no other set. So of two sets with a
// node in common at most one founds. Promises live as long as the process: a restart is how
// a person ends one to a founder that is gone for good.
//
// A name that resolves to several addresses counts as a list of that many nodes; one
// address of each family (localhost) is one node.
class Forming {
public:
  explicit Forming(FormingStart start);

  // What to resolve, again every few seconds until done(): HOST:PORT each.
  const std::vector<std::string>& seeds() const { return names_; }
  // The addresses that one of seeds() stands for now: all of them, at least one.
  void resolved(const std::string& seed, const std::vector<HostPort>& addresses);
  void unresolved(const std::string& seed, std::string reason);
  // Somebody announced itself under the name to discover. Repeated as it comes.
  void discovered(const HostPort& address);

  void tick();
  void answered(std::uint64_t number, const ProbeAnswer& answer);
  // A probe or a request to join came to nothing; `reason` completes "HOST:PORT: ...".
  void failed(std::uint64_t number, const std::string& reason);
  // True: store what it says, then belongs(). False: it is late, or of another cluster than
  // the one that was asked; drop it.
  bool accept(std::uint64_t number, const JoinAnswer& answer);
  // It is on disk that this node belongs to the cluster.
  void belongs(const Uuid& cluster);

  Probe question() const;
  // To whoever asks, always.
  ProbeAnswer answer(const Probe& probe);

  FormingEffects take_effects();

  bool done() const { return cluster_.has_value(); }
  // What it said last, for `callboard cluster status`.
  const std::string& waits_for() const { return said_; }

private:
  struct Target {
    HostPort address;
    std::uint64_t number = 0; // of the probe on its way; 0: none
    std::uint64_t sent = 0;
    std::uint64_t due = 0;
    std::uint32_t failures = 0; // since the last answer
    std::string reason{};       // of the last failure
    std::optional<ProbeAnswer> answer{};
    std::uint64_t asked = 0;                // when the probe of that answer left
    std::optional<std::uint64_t> changed{}; // another node than before answers, since then

    bool tried() const { return answer || failures > 0; }
  };
  // One of the list; a discovered address is one of its own.
  struct Seed {
    std::string name;
    std::vector<Target> targets{};
    std::string reason{}; // why it has no address
  };
  // A founder that was promised, and where it was met.
  struct Promise {
    Uuid founder;
    std::string seed;
  };
  using Nodes = std::vector<Uuid>; // sorted

  // forming.cpp
  Seed* find_seed(const std::string& name);
  Target* find_target(std::uint64_t number);
  void send_probes();
  void note_failure(Target& target, const std::string& reason);
  void ask_to_join();
  std::uint64_t jittered(std::uint64_t ticks);
  bool first_round_over() const;

  // forming_agreement.cpp: what the answers add up to
  bool heard(const Target& target) const;
  bool settled(const Target& target) const;
  bool met(const Seed& seed) const;
  std::size_t nodes_needed() const;
  Nodes nodes_met() const;
  Nodes clusters_met() const;
  std::optional<Nodes> everybody() const;
  bool kept_by(const Nodes& nodes) const;
  void promise(const Nodes& nodes);
  void release_promises();
  bool agrees(const Uuid& node, const Nodes& nodes) const;
  bool may_found(const Nodes& nodes) const;
  bool differs(const Target& target) const;
  std::optional<Error> trouble() const;

  // forming_sentences.cpp: what people are told
  std::string describe() const;
  std::string describe_meeting() const;
  std::string missing() const;
  std::string holding_up(const Nodes& nodes) const;
  std::string whereabouts(const Uuid& node) const;
  std::string different_clusters(const Nodes& clusters) const;
  std::string other_protocol(const Seed& seed, const Target& target) const;
  std::string differing_lists(const Seed& seed, const Target& target) const;

  FormingStart start_;
  FormingConfig config_;
  std::vector<std::string> names_; // of the seeds: one spelling, sorted, each once
  std::vector<std::string> told_;  // to others as the seeds
  std::vector<Seed> seeds_;
  std::optional<Uuid> cluster_;
  std::uint64_t tick_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t random_state_;
  std::vector<Promise> promises_;
  Nodes founding_; // has been told to found with these; not done yet
  std::optional<Call> joining_;
  Uuid joining_cluster_;
  bool accepted_ = false; // and is being stored
  std::uint64_t join_sent_ = 0;
  std::uint64_t join_due_ = 0;
  std::uint32_t join_failures_ = 0;
  std::size_t join_next_ = 0; // of the members that are known, by turns
  std::string join_reason_;   // of the last failure
  std::uint64_t trouble_ticks_ = 0;
  bool given_up_ = false;
  std::string said_;
  FormingEffects effects_;
};

} // namespace callboard::membership
