#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include "schema/kafka/reader.h"
#include "schema/kafka/wire.h"

// The one generic codec: how each kind of member is read and written, and the walk
// over a table of fields. Included only where a message is instantiated:
//
//   template Result<ProduceRequest> decode(const SharedBytes&, std::int16_t);
//   template void encode(const ProduceRequest&, std::int16_t, OutputChain&);
namespace callboard::kafka {
namespace codec {

template <class T>
inline constexpr bool is_optional_struct = false;
template <Described T>
inline constexpr bool is_optional_struct<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class E>
inline constexpr bool is_vector<std::vector<E>> = true;

// The fewest bytes that a value of this type takes on the wire.
template <class T>
constexpr std::size_t wire_bytes_min(std::int16_t version, bool flexible) {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return sizeof(T);
  } else if constexpr (std::is_same_v<T, Uuid>) {
    return sizeof(Uuid);
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>>) {
    return flexible ? 1 : 2;
  } else if constexpr (Described<T>) {
    const auto one = [&]<class M, int Tag>(const Field<T, M, Tag>& f) {
      return Tag == untagged && f.present.has(version) ? wire_bytes_min<M>(version, flexible) : 0;
    };
    const auto sum = std::apply([&](const auto&... f) { return (std::size_t{0} + ... + one(f)); }, T::fields);
    return sum + (flexible ? 1 : 0);
  } else if constexpr (is_optional_struct<T>) {
    return 1;
  } else {
    return flexible ? 1 : 4;
  }
}

// --- decoding

template <Described T>
bool read_struct(Reader& in, T& value);

template <class E>
bool read_array(Reader& in, std::optional<std::vector<E>>& value, bool nullable) {
  std::int32_t count = 0;
  const auto wire_min = std::max<std::size_t>(1, wire_bytes_min<E>(in.version(), in.flexible()));
  if (!in.read_count(count, wire_min, sizeof(E), nullable)) return false;
  if (count < 0) {
    value.reset();
    return true;
  }
  value.emplace(static_cast<std::size_t>(count));
  for (auto& element : *value) {
    if constexpr (Described<E>) {
      if (!read_struct(in, element)) return false;
    } else {
      if (!in.read(element)) return false;
    }
  }
  return true;
}

// A byte says whether the struct follows: 1, or -1 for null.
template <Described T>
bool read_optional_struct(Reader& in, std::optional<T>& value, bool nullable) {
  std::int8_t presence = 1;
  if (nullable && !in.read(presence)) return false;
  if (presence == -1) {
    value.reset();
    return true;
  }
  return presence == 1 ? read_struct(in, value.emplace()) : in.fail("marks a struct neither as there nor as null");
}

template <class M>
bool read_value(Reader& in, M& value, bool nullable) {
  if constexpr (Described<M>) {
    return read_struct(in, value);
  } else if constexpr (is_optional_struct<M>) {
    return read_optional_struct(in, value, nullable);
  } else if constexpr (std::is_same_v<M, std::optional<std::string>>) {
    return in.read(value, nullable);
  } else if constexpr (std::is_same_v<M, std::optional<SharedBytes>>) {
    return in.read_records(value, nullable);
  } else if constexpr (std::is_same_v<M, SharedBytes>) {
    std::optional<SharedBytes> whole;
    if (!in.read_records(whole, false)) return false;
    value = std::move(*whole);
    return true;
  } else if constexpr (std::is_same_v<M, std::vector<SharedBytes>>) {
    std::optional<SharedBytes> whole;
    if (!in.read_records(whole, nullable)) return false;
    value.clear();
    if (whole && !whole->empty()) value.push_back(std::move(*whole));
    return true;
  } else if constexpr (is_vector<M>) {
    std::optional<M> array;
    if (!read_array(in, array, false)) return false;
    value = std::move(*array);
    return true;
  } else if constexpr (requires { typename M::value_type::value_type; }) {
    return read_array(in, value, nullable);
  } else {
    return in.read(value);
  }
}

template <class T, class F>
bool read_field(Reader& in, T& value, const F& f) {
  return read_value(in, value.*f.member, f.nullable.has(in.version())) || in.blame(f.name);
}

// One tagged field, whatever it is: known ones are read, others skipped.
template <Described T>
bool read_tag(Reader& in, T& value, std::uint32_t tag, std::uint32_t bytes) {
  bool known = false;
  const auto try_one = [&]<class F>(const F& f) {
    if constexpr (F::is_tagged) {
      if (F::tag != tag || !f.present.has(in.version())) return true;
      known = true;
      const auto* outer_end = in.enter(bytes);
      return read_field(in, value, f) && in.leave(outer_end);
    }
    return true;
  };
  const bool ok = std::apply([&](const auto&... f) { return (try_one(f) && ...); }, T::fields);
  return ok && (known || in.skip(bytes));
}

template <Described T>
bool read_tags(Reader& in, T& value) {
  std::uint32_t count = 0;
  if (!in.read_uvarint(count)) return false;
  if (count > tags_max) return in.fail("holds too many tagged fields");
  std::int64_t previous = -1;
  for (; count > 0; --count) {
    std::uint32_t tag = 0;
    std::uint32_t bytes = 0;
    if (!in.read_uvarint(tag) || !in.read_uvarint(bytes)) return false;
    if (tag <= previous) return in.fail("holds tagged fields that repeat or do not ascend");
    if (bytes > in.left()) return in.fail("ends inside a tagged field");
    if (!read_tag(in, value, tag, bytes)) return false;
    previous = tag;
  }
  return true;
}

template <Described T>
bool read_struct(Reader& in, T& value) {
  const auto one = [&]<class F>(const F& f) {
    if constexpr (F::is_tagged) return true;
    return !f.present.has(in.version()) || read_field(in, value, f);
  };
  const bool ok = std::apply([&](const auto&... f) { return (one(f) && ...); }, T::fields);
  return ok && (!in.flexible() || read_tags(in, value));
}

// --- encoding

struct Writer {
  OutputChain& out;
  std::int16_t version;
  bool flexible;

  void length(std::size_t count) {
    if (flexible) return out.put_uvarint(static_cast<std::uint32_t>(count + 1));
    out.put(static_cast<std::int32_t>(count));
  }
  void null_length() {
    if (flexible) return out.put_uvarint(0);
    out.put(std::int32_t{-1});
  }
};

inline void write_string(Writer& to, std::string_view text) {
  text = text.substr(0, std::numeric_limits<std::int16_t>::max()); // more is not read, see reader.cpp
  if (to.flexible) {
    to.out.put_uvarint(static_cast<std::uint32_t>(text.size() + 1));
  } else {
    to.out.put(static_cast<std::int16_t>(text.size()));
  }
  to.out.put_bytes(bytes_of(text));
}

inline void write_null_string(Writer& to) {
  if (to.flexible) return to.out.put_uvarint(0);
  to.out.put(std::int16_t{-1});
}

inline void write_records(Writer& to, std::span<const SharedBytes> slices) {
  std::size_t bytes = 0;
  for (const auto& slice : slices) bytes += slice.size();
  to.length(bytes);
  for (const auto& slice : slices) to.out.splice(slice);
}

template <Described T>
void write_struct(Writer& to, const T& value);

template <class M>
void write_value(Writer& to, const M& value) {
  if constexpr (Described<M>) {
    write_struct(to, value);
  } else if constexpr (std::is_same_v<M, bool>) {
    to.out.put(static_cast<std::int8_t>(value));
  } else if constexpr (std::is_same_v<M, double>) {
    to.out.put(std::bit_cast<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<M, ErrorCode>) {
    to.out.put(static_cast<std::int16_t>(on_kafka_wire(value)));
  } else if constexpr (std::is_same_v<M, Uuid>) {
    to.out.put_bytes(value.bytes);
  } else if constexpr (std::is_same_v<M, std::string>) {
    write_string(to, value);
  } else if constexpr (std::is_same_v<M, SharedBytes>) {
    write_records(to, {&value, 1});
  } else if constexpr (std::is_same_v<M, std::vector<SharedBytes>>) {
    write_records(to, value);
  } else if constexpr (is_vector<M>) {
    to.length(value.size());
    for (const auto& element : value) write_value(to, element);
  } else {
    to.out.put(value);
  }
}

template <Described T>
void write_optional_struct(Writer& to, const std::optional<T>& value, bool nullable) {
  if (nullable) to.out.put(static_cast<std::int8_t>(value ? 1 : -1));
  if (value || !nullable) write_struct(to, value.value_or(T{}));
}

template <class T, class F>
void write_field(Writer& to, const T& value, const F& f) {
  const auto& member = value.*f.member;
  if constexpr (is_optional_struct<std::remove_cvref_t<decltype(member)>>) {
    write_optional_struct(to, member, f.nullable.has(to.version));
  } else if constexpr (requires { member.has_value(); }) {
    using Held = std::remove_cvref_t<decltype(*member)>;
    if (member) return write_value(to, *member);
    if (!f.nullable.has(to.version)) return write_value(to, Held{});
    if constexpr (std::is_same_v<Held, std::string>) return write_null_string(to);
    to.null_length();
  } else {
    write_value(to, member);
  }
}

template <Described T>
constexpr bool has_tags = std::apply([]<class... F>(const F&...) { return (F::is_tagged || ...); }, T::fields);

template <Described T>
constexpr bool tags_ascend() {
  int previous = untagged;
  const auto one = [&](int tag) { return tag == untagged || std::exchange(previous, tag) < tag; };
  return std::apply([&]<class... F>(const F&...) { return (one(F::tag) && ...); }, T::fields);
}

// The tagged fields that differ from their default, in the table's order.
template <Described T>
void write_tags(Writer& to, const T& value) {
  static_assert(tags_ascend<T>(), "a table lists its tags in ascending order");
  const T defaults{};
  const auto is_set = [&]<class F>(const F& f) {
    if constexpr (F::is_tagged) return f.present.has(to.version) && !(value.*f.member == defaults.*f.member);
    return false;
  };
  const auto count =
      std::apply([&](const auto&... f) { return (0u + ... + static_cast<unsigned>(is_set(f))); }, T::fields);
  to.out.put_uvarint(count);
  if (count == 0) return;
  const auto one = [&]<class F>(const F& f) {
    if constexpr (F::is_tagged) {
      if (!is_set(f)) return;
      to.out.put_uvarint(F::tag);
      const auto start = to.out.own_bytes();
      write_field(to, value, f);
      to.out.prefix_length(start);
    }
  };
  std::apply([&](const auto&... f) { (one(f), ...); }, T::fields);
}

template <Described T>
void write_struct(Writer& to, const T& value) {
  const auto one = [&]<class F>(const F& f) {
    if constexpr (!F::is_tagged) {
      if (f.present.has(to.version)) write_field(to, value, f);
    }
  };
  std::apply([&](const auto&... f) { (one(f), ...); }, T::fields);
  if (!to.flexible) return;
  if constexpr (has_tags<T>) return write_tags(to, value);
  to.out.put_uvarint(0);
}

} // namespace codec

template <Message T>
Result<T> decode(const SharedBytes& body, std::int16_t version) {
  if (!T::complete.has(version))
    return Error{ErrorCode::unsupported_version,
                 std::string("Kafka's ") + T::name + " of version " + std::to_string(version) + " is not supported."};
  Reader in(body, version, version >= T::flexible_from);
  T message;
  const bool read = codec::read_struct(in, message);
  if (read && in.left() > 0) in.fail("goes on after the end of the message");
  if (!in.ok()) return in.error(T::name);
  return message;
}

template <Message T>
void encode(const T& message, std::int16_t version, OutputChain& out) {
  codec::Writer to{out, version, version >= T::flexible_from};
  codec::write_struct(to, message);
}

} // namespace callboard::kafka
