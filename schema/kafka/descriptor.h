#pragma once

#include <cstdint>
#include <limits>
#include <tuple>

// How a Kafka message describes itself: a struct lists its members in wire order in
// a tuple `fields`, each with the versions that have it. From that one table come
// decoding, encoding and random test data (codec.h, tests/unit/schema).
//
//   struct FetchTopic {
//     std::string topic;
//     std::vector<FetchPartition> partitions;
//     static constexpr auto fields = std::tuple{
//         field("topic", &FetchTopic::topic, since(0)),
//         field("partitions", &FetchTopic::partitions, since(0)),
//     };
//   };
//
// A whole message also has `name` (for errors), `complete` (the versions that its
// table knows in full) and `flexible_from` (its first version in KIP-482's compact
// form). Member types and their form on the wire:
//
//   bool, integers, double   fixed size, big-endian    ErrorCode  int16, see on_kafka_wire()
//   Uuid                     16 bytes                  std::string, std::optional<std::string>
//   std::vector<E>, std::optional<std::vector<E>>      arrays
//   a struct, std::optional<a struct>
//   SharedBytes                   bytes: on decoding a slice of the frame, not a copy
//   std::optional<SharedBytes>    the same for records, which may be null
//   std::vector<SharedBytes>      records out of several slices; null reads as none
//
// The optional ones are null only in the versions `nullable`; where a version has no
// null, an absent value is written as an empty one.
namespace callboard::kafka {

struct Versions {
  std::int16_t first = 0;
  std::int16_t last = std::numeric_limits<std::int16_t>::max();

  constexpr bool has(std::int16_t version) const { return version >= first && version <= last; }
};

constexpr Versions since(std::int16_t first) {
  return {.first = first};
}
constexpr Versions between(std::int16_t first, std::int16_t last) {
  return {.first = first, .last = last};
}
inline constexpr Versions never{.first = 1, .last = 0};

inline constexpr int untagged = -1;

template <class T, class Member, int Tag = untagged>
struct Field {
  const char* name = nullptr;
  Member T::*member = nullptr;
  Versions present;
  Versions nullable;

  static constexpr bool is_tagged = Tag != untagged;
  static constexpr int tag = Tag;
};

template <class T, class Member>
constexpr Field<T, Member> field(const char* name, Member T::*member, Versions present, Versions nullable = never) {
  return {name, member, present, nullable};
}

// KIP-482: stands in the struct's tag section, and only if it differs from T{}'s.
template <int Tag, class T, class Member>
constexpr Field<T, Member, Tag> tagged(const char* name, Member T::*member, Versions present,
                                       Versions nullable = never) {
  return {name, member, present, nullable};
}

// A struct with a table of fields.
template <class T>
concept Described = requires {
  T::fields;
};

// A struct that is the body of a request or response.
template <class T>
concept Message = Described<T> && requires {
  T::name;
  T::complete;
  T::flexible_from;
};

} // namespace callboard::kafka
