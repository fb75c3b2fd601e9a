#pragma once

#include <kj/async-io.h>

#include <map>
#include <random>
#include <string>
#include <unordered_map>

#include "actors/node/loop_context.h"
#include "actors/peer/messages.h"
#include "actors/peer/peer_queue.h"
#include "actors/runtime/hosted_actor.h"
#include "actors/tls/channel.h"

namespace callboard {

// How a link behaves; the defaults stand here, tests make it smaller and faster.
struct PeerLinkOptions {
  std::size_t queue_bytes = std::size_t{64} << 20;  // waiting to be sent
  std::size_t control_bytes = std::size_t{4} << 20; // on top, for what carries no data
  std::size_t call_bytes = std::size_t{1} << 20;    // of one call
  std::size_t window_bytes = std::size_t{16} << 20; // called and not answered
  std::size_t commands_max = 1024;                  // not answered
  Duration backoff_min = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(1);
  Duration handshake_within = std::chrono::seconds(2);
  Duration heartbeat_every = std::chrono::milliseconds(100); // when nothing else was sent
  Duration heartbeat_always = std::chrono::seconds(1);       // for what only it carries
  Duration silence_max = std::chrono::seconds(3);            // then the link is given up
  Duration command_within = std::chrono::seconds(30);
};

// The link to one other node, an actor on a KJ loop: dials it, says hello, and sends it
// what the replicas, the agents and the metadata actor of this node have for it.
//
//   SendToPeer -> queue -> one call at a time on its way to the socket -> window of calls
//                 drops when full        as much as gathered            not answered
//
// While it is down it dials again and again, sends nothing and keeps nothing. Membership
// is told when it comes up, is lost, and now and then that the node is heard of.
//
// KJ objects live in Io, owned by the loop's promise and not by the actor, whose last
// reference may drop on another thread.
class PeerLinkActor final : public HostedActor {
public:
  PeerLinkActor(caf::actor_config& config, LoopContext& context, NodeId remote, HostPort address, caf::actor membership,
                PeerLinkOptions options = {});

  caf::behavior make_behavior() override;
  std::string describe() const override;
  void on_exit() override;

private:
  struct Io;
  struct Session;
  struct Command {
    caf::actor from;
    std::uint64_t token = 0;
    Instant deadline{};
  };

  void start();
  kj::Promise<void> run();
  kj::Promise<void> serve(kj::Own<kj::AsyncIoStream> stream, const tls::Channel& channel);
  kj::Promise<void> pause();
  Duration next_backoff();

  Status check(const PeerHello& other);
  void came_up(const PeerHello& other);
  void went_down(const std::string& reason, bool refused);
  void drop_all(const std::string& reason);

  void take(SendToPeer& message);
  void take(AnnounceToPeer& message);
  void take(CommandToPeer& message);
  void pump_soon();
  void pump();
  void send_announcements();
  void send_raft();
  void send_heartbeat();
  void answer_command(std::uint64_t number, PeerCommandOutcome outcome);
  void answer_commands(ErrorCode error, const std::string& message, Instant due);
  kj::Promise<void> tick();
  void on_tick();
  void heard();
  bool up() const { return up_since_.ns != 0; }

  LoopContext& context_;
  NodeId remote_;
  HostPort address_;
  caf::actor membership_;
  PeerLinkOptions options_;
  std::minstd_rand random_;
  Io* io_ = nullptr;

  PeerQueue queue_;
  std::unordered_map<GroupId, LeaderAnnouncement> announcements_; // to be sent; the newest of each group
  std::map<std::uint64_t, Command> commands_;                     // sent and not answered, by number
  std::uint64_t next_command_ = 1;
  std::size_t unanswered_bytes_ = 0;
  bool pump_armed_ = false;
  bool heartbeat_unanswered_ = false;

  Instant up_since_{}; // 0: down
  Instant last_sent_{};
  Instant last_heartbeat_{};
  Instant last_heard_{};
  Instant last_reported_{};
  std::uint64_t incarnation_ = 0;
  std::uint32_t attempts_ = 0; // in vain, since it was up for a while
  bool said_lost_ = false;
  bool said_refused_ = false;
  std::string down_because_ = "not dialled yet";

  std::uint64_t sent_ = 0;
  std::uint64_t dropped_ = 0;
};

} // namespace callboard
