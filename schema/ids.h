#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>

// Strong number types. An index, an offset and a term are all 64- or 32-bit
// integers; mixing them up is the classic bug of a log, so the compiler refuses it.
namespace callboard {

template <class Tag, class Rep>
struct Strong {
  using rep = Rep;
  Rep value{};

  constexpr Strong() = default;
  constexpr explicit Strong(Rep v) : value(v) {}
  constexpr auto operator<=>(const Strong&) const = default;

  constexpr Strong next() const { return Strong(value + 1); }
  constexpr Strong prev() const { return Strong(value - 1); }
  constexpr Strong plus(Rep n) const { return Strong(value + n); }
};

// A node of the cluster; assigned once, never reused. Kafka's broker id. -1: none.
using NodeId = Strong<struct NodeIdTag, std::int32_t>;
// Raft's term; on the Kafka wire it is the leader epoch. 0: before the first election.
using Term = Strong<struct TermTag, std::int32_t>;
// A position in a group's Raft log, from 1; 0: before the first entry.
// Elections, membership and log-start moves use up an index, never an offset.
using RaftIndex = Strong<struct RaftIndexTag, std::uint64_t>;
// A position of a record in a partition, from 0, dense. Kafka's offset.
using Offset = Strong<struct OffsetTag, std::int64_t>;
// A replication group on every node that hosts a replica of it; group 1 is the
// cluster's metadata, partitions get theirs from the metadata log.
using GroupId = Strong<struct GroupIdTag, std::uint64_t>;
// Identifies a segment within its group; never reused within it.
using SegmentId = Strong<struct SegmentIdTag, std::uint64_t>;
// Kafka's idempotent producer. -1: none.
using ProducerId = Strong<struct ProducerIdTag, std::int64_t>;

inline constexpr NodeId no_node{-1};
inline constexpr ProducerId no_producer{-1};
inline constexpr GroupId metadata_group{1};
inline constexpr Offset unknown_offset{-1};

} // namespace callboard

template <class Tag, class Rep>
struct std::hash<callboard::Strong<Tag, Rep>> {
  std::size_t operator()(callboard::Strong<Tag, Rep> v) const noexcept { return std::hash<Rep>{}(v.value); }
};
