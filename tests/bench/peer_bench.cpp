#include <benchmark/benchmark.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <deque>

#include "actors/node/security.h"
#include "actors/peer/peer_connection.h"
#include "actors/rpc/broker_connection.h"
#include "schema/rpc/translate_peer.h"
#include "tests/unit/actors/fake_broker_backend.h"
#include "tests/unit/actors/fake_peer_backend.h"

// What it costs to bring Raft messages to another node: onto the wire and off it again,
// and through sockets with everything in between. bytes_per_second are of payload and of
// CPU time.
namespace {

using namespace callboard;

// Each payload has memory of its own, as the batches of producers do; `misaligned` moves
// it off a word's begin.
std::vector<raft::Message> appends(std::size_t bytes, std::size_t batch_bytes, std::size_t misaligned) {
  std::vector<raft::Message> messages;
  for (std::uint64_t i = 0; i * batch_bytes < bytes; ++i) {
    const auto memory = SharedBytes::copy_of(std::string(batch_bytes + misaligned, 'x'));
    raft::Append append{RaftIndex{i}, Term{1}, RaftIndex{i}};
    append.entries.push_back(
        {RaftIndex{i + 1}, Term{1}, EntryType::batch, Offset{0}, 1, 1000, memory.slice(misaligned, batch_bytes)});
    messages.push_back({GroupId{i}, NodeId{1}, NodeId{2}, Term{1}, std::move(append)});
  }
  return messages;
}

void fill(capnp::MessageBuilder& message, const std::vector<raft::Message>& messages) {
  auto root = message.initRoot<rpc::wire::PeerLink::RaftParams>();
  rpc::write(messages, root.initMessages(static_cast<unsigned>(messages.size())));
}

unsigned first_segment(const std::vector<raft::Message>& messages) {
  return static_cast<unsigned>(rpc::size_hint(messages).wordCount);
}

constexpr std::int64_t call_bytes = 1 << 20;

// One call's messages of `range(0)` bytes each, `range(1)` off a word.
void sending(benchmark::State& state) {
  const auto messages =
      appends(call_bytes, static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) {
    capnp::MallocMessageBuilder message(first_segment(messages));
    fill(message, messages);
    benchmark::DoNotOptimize(message.getSegmentsForOutput());
  }
  state.SetBytesProcessed(state.iterations() * call_bytes);
}
BENCHMARK(sending)->Args({65536, 0})->Args({65536, 5})->Args({4096, 5})->Args({1024, 5});

// From a message that lies in memory, as the RPC has read it from the socket.
void receiving(benchmark::State& state) {
  const auto messages = appends(call_bytes, static_cast<std::size_t>(state.range(0)), 5);
  capnp::MallocMessageBuilder message(first_segment(messages));
  fill(message, messages);
  const auto flat = capnp::messageToFlatArray(message);
  for (auto _ : state) {
    capnp::FlatArrayMessageReader reader(flat);
    benchmark::DoNotOptimize(rpc::read(reader.getRoot<rpc::wire::PeerLink::RaftParams>().getMessages()));
  }
  state.SetBytesProcessed(state.iterations() * call_bytes);
}
BENCHMARK(receiving)->Arg(65536)->Arg(4096)->Arg(1024);

// The traffic of an idle cluster: replies and empty appends.
void small_messages(benchmark::State& state) {
  std::vector<raft::Message> messages;
  for (std::uint64_t i = 0; i < 1000; ++i)
    messages.push_back({GroupId{i}, NodeId{1}, NodeId{2}, Term{1}, raft::AppendReply{RaftIndex{i}}});
  for (auto _ : state) {
    capnp::MallocMessageBuilder message(first_segment(messages));
    fill(message, messages);
    benchmark::DoNotOptimize(rpc::read(message.getRoot<rpc::wire::PeerLink::RaftParams>().asReader().getMessages()));
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(small_messages);

// Calls of 1 MiB through a pair of sockets, `window` of them under way, both sides on this
// thread.
void linked(benchmark::State& state) {
  constexpr std::size_t window = 16;
  const auto messages =
      appends(call_bytes, static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  auto io = kj::setupAsyncIo();
  auto pipe = io.provider->newTwoWayPipe();
  rpc::FakeBrokerBackend broker;
  rpc::FakePeerBackend peers;
  broker.peer_backend = &peers;
  peers.own.node = NodeId{2};
  PeerHello hello;
  hello.node = NodeId{1};
  rpc::BrokerConnection door(kj::mv(pipe.ends[0]), broker);
  PeerConnection caller(kj::mv(pipe.ends[1]), [] {});
  CB_ASSERT(caller.connect(hello, std::make_shared<Security>(), {}).wait(io.waitScope).ok());
  std::deque<kj::Promise<void>> calls;
  for (auto _ : state) {
    calls.push_back(caller.raft(messages));
    if (calls.size() < window) continue;
    calls.front().wait(io.waitScope);
    calls.pop_front();
    peers.delivered.clear();
  }
  for (auto& call : calls) call.wait(io.waitScope);
  state.SetBytesProcessed(state.iterations() * call_bytes);
}
BENCHMARK(linked)->Args({65536, 0})->Args({65536, 5})->Args({4096, 5});

} // namespace

BENCHMARK_MAIN();
