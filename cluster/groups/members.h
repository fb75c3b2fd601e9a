#pragma once

#include <limits>
#include <map>
#include <string_view>
#include <vector>

#include "cluster/groups/commands.h"

namespace callboard::groups {

inline constexpr Instant never{std::numeric_limits<std::int64_t>::max()};

struct Member {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;
  std::vector<Protocol> protocols; // most wanted first
  SharedBytes assignment;
  std::optional<WaiterId> join; // parked; set through Members::park_join()
  std::optional<WaiterId> sync; // parked
  bool joined_before = false;   // got an answer to a JoinGroup: can send heartbeats
  bool owes_sync = false;       // has not asked for the assignment of this generation
  Instant deadline = never;     // removed then; never while it is parked

  Duration session_timeout() const { return std::chrono::milliseconds(session_timeout_ms); }
  Duration rebalance_timeout() const { return std::chrono::milliseconds(rebalance_timeout_ms); }
  // For the protocol of this name; empty if it has none.
  SharedBytes metadata_for(std::string_view protocol) const;
  // The same protocols in the same order with the same metadata.
  bool offers(const std::vector<Protocol>& others) const;
  std::size_t bytes() const;
};

// What joining with these takes of Member::bytes().
std::size_t bytes_of(const std::vector<Protocol>& protocols);

// The members of one group: by id and by instance id, who leads, what all of them support,
// who waits in JoinGroup, how much memory they take. Knows no states and no time.
class Members {
public:
  std::size_t size() const { return members_.size(); }
  bool empty() const { return members_.empty(); }
  std::size_t bytes() const { return bytes_; }
  auto begin() { return members_.begin(); }
  auto end() { return members_.end(); }
  auto begin() const { return members_.begin(); }
  auto end() const { return members_.end(); }

  Member* find(std::string_view id);
  const Member* find(std::string_view id) const;
  // The id of the member that holds an instance id.
  const std::string* find_static(std::string_view instance_id) const;

  // Its id and its instance id are free. The first member leads.
  Member& add(Member member);
  // It waits for nothing. Another one leads if it did.
  void remove(std::string_view id);
  // A static member goes on under another id, with everything else it has, the lead too.
  Member& rename(std::string_view id, const std::string& new_id);
  void set_protocols(Member& member, std::vector<Protocol> protocols);
  void set_assignment(Member& member, SharedBytes assignment);
  // The process behind it.
  void set_client(Member& member, std::string client_id, std::string client_host);

  void park_join(Member& member, WaiterId waiter);
  // Whoever waits in JoinGroup, no longer does.
  std::optional<WaiterId> take_join(Member& member);
  std::size_t parked_joins() const { return parked_joins_; }

  const std::string& leader() const { return leader_; } // "" without members
  void set_leader(const std::string& id) { leader_ = id; }
  // Makes sure that the leader waits in JoinGroup, choosing another one if need be. False:
  // nobody waits there.
  bool elect_joined_leader();

  // Whether at least one of these is supported by every member; always without members.
  bool supports(const std::vector<Protocol>& protocols) const;
  // The vote: every member for the first of its protocols that all support; a tie is the
  // leader's choice. "" without members.
  std::string choose_protocol() const;
  // The longest that any member may take to rejoin.
  Duration rebalance_timeout() const;

private:
  void count_protocols(const Member& member, bool add);

  std::map<std::string, Member, std::less<>> members_;
  std::map<std::string, std::string, std::less<>> static_; // instance id -> member id
  std::map<std::string, std::size_t, std::less<>> supporters_;
  std::string leader_;
  std::size_t parked_joins_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace callboard::groups
