#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "cluster/raft/progress.h"
#include "cluster/raft/quorum.h"
#include "cluster/raft/raft_log.h"
#include "schema/log_write.h"
#include "schema/raft_message.h"
#include "schema/result.h"

namespace callboard::raft {

enum class Role : std::uint8_t { follower, pre_candidate, candidate, leader };

// Durations are ticks of the caller's.
struct Config {
  // A follower that hears nothing stands for election after this to twice this; a leader
  // that hears from no majority for this long steps down.
  std::uint32_t election_ticks = 10;
  std::uint32_t heartbeat_ticks = 2;
  // A leader rests after so many ticks with nothing under way; 0: never.
  std::uint32_t rest_ticks = 10;
  std::size_t message_bytes_max = std::size_t{1} << 20;  // of payload in one Append, but one entry at least
  std::size_t inflight_bytes_max = std::size_t{8} << 20; // sent to one follower and not answered
  std::size_t memory_bytes_max = std::size_t{8} << 20;   // payload kept for followers; the rest is read from disk
};

// Where a group's Raft starts from: what was on disk.
struct Start {
  GroupId group;
  NodeId self;
  HardState hard;
  RaftIndex first_index{1};
  RaftIndex last_index;
  Term last_term;
  RaftIndex commit_index; // known to be committed: what the derived state was written as of
  Offset next_offset;     // behind the last entry
  // Every entry above the committed index, payloads of batches may be cut.
  std::vector<LogEntry> suffix{};
  // Where terms began, as far as known, below the suffix.
  std::vector<TermStart> terms{};
  Config config{};
  std::uint64_t seed = 0; // of the election timeouts; differs from replica to replica
};

// Entries that a follower needs and memory no longer has; to be answered with
// entries_read(), from disk, at most `bytes_max` but at least one.
struct ReadRequest {
  NodeId to;
  RaftIndex from;
  RaftIndex last;
  std::size_t bytes_max = 0;
};

// What the caller has to do. `messages` may leave at once.
//
// Storage effects are stored in the order in which they were taken, `hard_state` before
// `write`, and answered with hard_state_stored(sequence) and entries_stored(sequence) once
// they are on disk. Several may be stored as one; the answer to the last counts for all.
// `after_hard_state` leaves once `hard_state` is on disk, `after_write` once `write` and
// every hard state taken before are: these messages promise it. When one fails, nothing
// behind it may be stored or leave.
struct Effects {
  std::uint64_t sequence = 0;
  std::optional<HardState> hard_state{};
  std::vector<Message> after_hard_state{};
  LogWrite write{};
  std::vector<Message> after_write{};
  std::vector<Message> messages{};
  std::vector<ReadRequest> reads{};
  std::vector<NodeId> snapshots{}; // who needs one: answer with send_snapshot()
};

// What happened to the log since it was last asked, for who derives state from it.
struct LogChange {
  LogWrite write;                            // to be stored, in order
  std::optional<RaftIndex> undone_from;      // entries from here on are gone; `write` may bring others
  std::shared_ptr<const Snapshot> installed; // the write starts with it
};

// Messages that were not acted upon, by why.
struct Refusals {
  std::uint64_t strangers = 0;   // another group, not to us, or from nobody of this group
  std::uint64_t stale = 0;       // of an earlier term or life
  std::uint64_t far_future = 0;  // of a term that no election can have reached
  std::uint64_t malformed = 0;   // gaps, impossible indexes, terms, offsets or memberships
  std::uint64_t leader_kept = 0; // votes asked for while the leader lives
};

// One group's Raft (Ongaro, "Consensus: Bridging Theory and Practice"), a pure state
// machine: inputs change it and leave effects to be taken. Belongs to one thread.
//
//            timeout          majority would        own vote on disk, majority
//   follower ------> pre-candidate ------> candidate ------> leader
//      ^ \_________________________________________________/  |
//      |      higher term, lost election                       |
//      +---- no majority heard for election_ticks, removed ----+
//
// Pre-votes keep a replica that was cut off from raising terms; a follower that hears
// its leader, or rests under it, gives no vote away. The leader sends entries while its
// own write is on its way; every replica counts only with what it has on disk.
// Heartbeats are empty appends at the end of what was sent, so a loss shows at the next.
//
// A replica that lost entries which it may have acknowledged (its log was damaged, or a
// power cut took what was not flushed) says so with every reply: it is recovering, in a new
// life. Its log follows the leader's as ever, but its copy does not count and its vote does
// not either, since it would vote for who lacks the same. It counts again once it has what
// the leader had when it heard of that life: the leader has all that was committed in
// earlier terms, and what this one committed on the word of an earlier life lies below.
// Replies of earlier lives are void. Only if every voter grants its vote, those that recover
// too, such votes elect: nobody has more than who wins then. So a group whose nodes all lost
// power serves again, with the longest log that is left.
//
// Rest: when every entry is committed and on disk everywhere (on nodes that are up), the
// leader says so and everybody stops ticking: a resting group needs no tick(). Any input
// that means something wakes it. It relies on peer_down() for the death of nodes and on
// `Stopped` for that of replicas on nodes that live.
//
// Whatever a peer sends is checked: what is impossible is counted in refusals().
class Raft {
public:
  explicit Raft(Start start);

  // Time passes. Nothing while resting.
  void tick();
  // Wakes it if it rests; keeps it from resting for the next ticks.
  void stay_awake();
  void step(Message message);
  // Stands for election now (in a larger group: asks for pre-votes). Ignored by who is no
  // voter or leads already, except that a leader whose first entry was discarded appends
  // it again.
  void campaign();
  // Gives `entries` their index and term, to others than batches their offset, and
  // appends them. False if not leader or handing over; the entries are then untouched.
  bool propose(std::vector<LogEntry>& entries);

  // Proposes the voters and learners of `target`. Leaves joint consensus by itself.
  // Refused (not_leader_or_follower, leader_not_available, invalid_request,
  // invalid_argument) unless settled, while another change is under way, and for a new voter that is not a
  // learner which has caught up.
  Status change_membership(Membership target);
  // Hands over to `to` as soon as it has everything; takes no proposals meanwhile. Given
  // up after election_ticks.
  Status transfer_leadership(NodeId to);
  // Whether this replica still leads is known only once others say so, for another may have been elected
  // meanwhile. A leader begins a round of messages, and led when it did if a majority answers: as soon as
  // answered_round() is no less (dissertation, 6.4). Who leads no more never knows, nor does who has too
  // many voters that recover: bound the wait.
  std::uint64_t begin_round();
  std::uint64_t answered_round() const;
  // This replica stops; tells the others, who elect at once if it led. Inputs are ignored
  // from now on.
  void stop();
  // The node of a peer is down, or up again: what the failure detector says.
  void peer_down(NodeId node);
  void peer_up(NodeId node);

  void hard_state_stored(std::uint64_t sequence);
  void entries_stored(std::uint64_t sequence);
  // The write of everything behind the stored index failed and left no trace (disk full).
  // True if nobody else can have seen it: the log ends there again. Otherwise it is kept,
  // given again with a later tick, and until it is stored a follower takes nothing more.
  bool write_lost();
  // Whether step() would put the snapshot of this InstallSnapshot in place of the log.
  bool would_install(const Message& message) const;
  // Entries below `first` are gone from disk.
  void remove_prefix(RaftIndex first);
  // From `from` on, dense; none if they could not be read: asked again later.
  void entries_read(NodeId to, RaftIndex from, std::vector<LogEntry> entries);
  void send_snapshot(NodeId to, std::shared_ptr<const Snapshot> snapshot);

  // What take_effects() would have as `write`, for who must see entries as they come; it
  // is part of the effects taken next.
  LogChange take_log_change();
  // First sends followers what they have not been sent.
  Effects take_effects();

  Role role() const { return role_; }
  bool leads() const { return role_ == Role::leader; }
  Term term() const { return hard_.term; }
  NodeId self() const { return self_; }
  NodeId leader() const { return leader_; }
  // The newest, committed or not.
  const Membership& membership() const { return memberships_.back().membership; }
  const std::vector<NodeId>& voters() const { return membership().voters; }
  // The newest committed one and the index of its entry.
  const Membership& committed_membership() const { return hard_.membership; }
  RaftIndex committed_membership_index() const { return hard_.membership_index; }
  // Where the newest one came from, committed or not.
  RaftIndex membership_index() const { return memberships_.back().index; }
  RaftIndex first_index() const { return log_.first_index(); }
  RaftIndex last_index() const { return log_.last_index(); }
  RaftIndex stored_index() const { return log_.stored_index(); }
  // That the next batch gets.
  Offset next_offset() const { return log_.next_offset(); }
  RaftIndex commit_index() const { return commit_index_; }
  std::optional<Term> term_at(RaftIndex index) const { return log_.term_at(index); }
  // A leader that has committed an entry of its own term: only then it knows what is
  // committed and may answer "latest".
  bool settled() const { return leads() && commit_index_ >= own_term_first_; }
  bool resting() const { return resting_; }
  // Whether time means anything to it: not while its group rests, nor to a leader that is the whole group and
  // has nothing to write again. Who is the only voter and does not lead yet has to stand for election.
  bool needs_ticks() const;
  // It is the only one who votes, and nobody else did until a change that is still under way.
  bool sole_voter() const;
  // A write was lost (disk full) and what it held is not stored yet.
  bool blocked() const { return blocked_; }
  bool handing_over() const { return transfer_to_ != no_node; }
  // Its vote and its copy do not count yet.
  bool recovering() const { return hard_.recovering; }
  bool brought_in() const { return hard_.brought_in; }
  std::uint32_t life() const { return hard_.life; }
  // A leader: how many voters are not known to be away or recovering, itself included.
  std::size_t voters_present() const;
  // A leader: up to where the log is on the disks of at least `copies` voters.
  RaftIndex stored_on(std::size_t copies) const;
  const std::vector<Progress>& progress() const { return progress_; }
  // A leader: whether this learner could vote now (change_membership()).
  bool has_caught_up(NodeId learner) const;
  const Refusals& refusals() const { return refusals_; }

private:
  struct MembershipAt {
    RaftIndex index;
    Membership membership;
  };
  struct Vote {
    NodeId from;
    bool granted;
    bool recovering;
  };

  static constexpr Term::rep term_max = std::numeric_limits<Term::rep>::max() - 1;

  // raft.cpp
  bool acceptable(const Message& message);
  bool heed(NodeId leader);
  void receive(const Message& message, const TimeoutNow&);
  void receive(const Message& message, const Stopped&);
  // The replica's, see partition_replica.h.
  void receive(const Message&, const StateRequest&) { ++refusals_.malformed; }
  void receive(const Message&, const StatePart&) { ++refusals_.malformed; }
  bool is_down(NodeId node) const;
  void follow(Term term, NodeId leader);
  void lose_leader();
  void wake();
  void rest();
  void reset_election_timer();
  void tick_follower();
  void tick_leader();
  void store_hard_state();
  void send_after_hard_state(Message message);
  Message message_to(NodeId to, Body body) const;
  void send(NodeId to, Body body) { effects_.messages.push_back(message_to(to, std::move(body))); }
  std::uint64_t upcoming() const { return sequence_ + 1; }
  void note_write(RaftIndex last);
  void give_unstored();
  void truncate_from(RaftIndex index);
  void commit_to(RaftIndex index);
  void shrink_log();
  std::uint64_t random();

  // raft_election.cpp
  bool alone() const;
  bool may_stand() const;
  bool lost_alone() const;
  bool was_ever_member() const;
  void start_election(bool pre, bool transfer);
  void ask_for_votes(bool pre, bool transfer);
  void ask_who_leads();
  void receive(const Message& message, const VoteRequest& request);
  void receive(const Message& message, const VoteReply& reply);
  bool keeps_leader(NodeId from, const VoteRequest& request) const;
  void remind(NodeId node);
  void answer_vote(const Message& message, bool pre, bool granted);
  bool all_grant(bool own_vote_stored) const;
  void count_votes();
  void lead();

  // raft_leader.cpp
  void append_own(LogEntry& entry);
  void append_noop();
  void receive(const Message& message, const AppendReply& reply);
  void on_rejected(Progress& peer, const AppendReply& reply);
  void on_matched(Progress& peer, RaftIndex match);
  void continue_transfer(const Progress& peer);
  bool is_close(const Progress& peer) const;
  void advance_commit();
  RaftIndex match_of(NodeId node) const;
  void hear_life(Progress& peer, const AppendReply& reply);
  Append append_to(const Progress& peer, RaftIndex prev, Term prev_term) const;
  bool is_present(NodeId node) const;
  bool quorum_present() const;
  void check_quorum();
  void hear_round(Progress& peer, std::uint64_t round);
  void yield_full_disk();
  void replicate();
  void send_append(Progress& peer);
  void send_entries(Progress& peer, std::vector<LogEntry> entries);
  void send_heartbeats();
  void send_heartbeat(Progress& peer);
  bool may_rest() const;
  const Progress* find_peer(NodeId node) const;
  Progress* find_peer(NodeId node);
  RaftIndex everybody_has() const;

  // raft_follower.cpp
  bool well_formed(const Message& message, const Append& append) const;
  bool well_formed(const Message& message, const InstallSnapshot& install) const;
  void receive(const Message& message, const Append& append);
  void receive(const Message& message, const InstallSnapshot& install);
  void reject(NodeId leader, const Append& append);
  bool append_new(const Append& append, std::size_t first_new);
  void append_or_reject(const Message& message, const Append& append);
  void acknowledge(NodeId leader, RaftIndex match);
  void acknowledge_write(NodeId leader, RaftIndex match);
  void give_reset();
  AppendReply matched(RaftIndex match) const;
  void finish_recovery();

  // raft_membership.cpp
  Status refuse_change(Membership& target) const;
  void note_membership(const LogEntry& entry);
  void forget_memberships(RaftIndex from);
  void membership_committed();
  void finish_change();
  void leave_office();
  void rebuild_progress();

  // A write on its way: up to where the log is stored once it is on disk.
  struct PendingWrite {
    std::uint64_t sequence;
    RaftIndex stored_to;
  };

  GroupId group_;
  NodeId self_;
  Config config_;
  HardState hard_;
  Role role_ = Role::follower;
  NodeId leader_ = no_node;
  RaftLog log_;
  RaftIndex commit_index_;
  RaftIndex own_term_first_;              // where the leader's first entry is or will be
  std::vector<MembershipAt> memberships_; // the committed one, then those above
  std::vector<Progress> progress_;        // a leader's: everyone else
  std::vector<NodeId> nodes_down_;
  std::vector<Vote> votes_;
  std::uint64_t vote_sequence_ = 0; // the hard state with the own vote
  std::uint64_t sequence_ = 0;      // of the effects last taken
  std::uint64_t hard_sequence_ = 0; // the newest hard state given
  std::uint64_t hard_stored_ = 0;
  std::vector<PendingWrite> pending_writes_;
  RaftIndex acknowledged_;                    // the furthest match told to a leader of this term
  RaftIndex sent_to_;                         // the last entry that anyone else was ever sent
  std::optional<RaftIndex> whole_from_;       // what this term's leader says one must have who is recovering
  bool blocked_ = false;                      // a write was lost and is not stored yet
  bool rewrite_due_ = false;                  // give it again
  std::shared_ptr<const Snapshot> installed_; // since the last look, as is the next
  std::optional<RaftIndex> undone_from_;
  std::shared_ptr<const Snapshot> unstored_reset_;
  std::uint64_t reset_sequence_ = 0;
  std::uint32_t elapsed_ = 0;          // follower: since the leader was heard; leader: since the last check
  std::uint32_t election_timeout_ = 0; // in ticks, drawn anew for each
  RaftIndex committed_at_check_;       // of the quorum
  std::uint32_t asked_in_vain_ = 0;    // who leads, since a leader was heard
  std::uint64_t round_ = 0;            // a leader's newest; 0 is answered from the start
  std::uint64_t heard_round_ = 0;      // of this term's leader
  std::uint32_t heartbeat_elapsed_ = 0;
  std::uint32_t idle_ticks_ = 0;
  std::uint32_t transfer_ticks_ = 0;
  NodeId transfer_to_ = no_node;
  bool resting_ = false;
  bool stopped_ = false;
  std::uint64_t random_state_;
  Refusals refusals_;
  Effects effects_;
};

} // namespace callboard::raft
