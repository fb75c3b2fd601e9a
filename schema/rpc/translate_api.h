#pragma once

#include <capnp/common.h>
#include <kj/exception.h>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "schema/rpc/api.h"
#include "schema/rpc/broker.capnp.h"
#include "schema/rpc/group_api.h"

// The public API's Cap'n Proto types <-> the plain structs of api.h, for the RPC
// services and the client library. Reading hostile messages throws kj::Exception,
// which Cap'n Proto's own dispatch turns into a failed call.
namespace callboard::rpc {

inline capnp::Data::Reader to_data(ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
inline capnp::Data::Reader to_data(const Uuid& id) {
  return {id.bytes.data(), id.bytes.size()};
}
inline capnp::Text::Reader to_text(const std::string& text) {
  return {text.c_str(), text.size()};
}
inline unsigned to_list_size(std::size_t size) {
  CB_ASSERT(size < (1U << 29)); // Cap'n Proto's bound of a list
  return static_cast<unsigned>(size);
}
inline ByteView to_view(capnp::Data::Reader data) {
  return {data.begin(), data.size()};
}
inline std::string to_string(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}
inline std::string to_string(capnp::Data::Reader data) {
  return std::string(text_of(to_view(data)));
}
std::optional<Uuid> to_uuid(capnp::Data::Reader data);

void write(const Error& from, wire::ErrorInfo::Builder to);
Error read(wire::ErrorInfo::Reader from);

void write(const Unit& from, wire::Done::Builder to);
void write(const TopicInfo& from, wire::TopicInfo::Builder to);
void write(const TopicPage& from, wire::TopicPage::Builder to);
void write(const PartitionPage& from, wire::PartitionPage::Builder to);
void write(const GroupPage& from, wire::GroupPage::Builder to);
void write(const GroupInfo& from, wire::GroupInfo::Builder to);
void write(const Produced& from, wire::Produced::Builder to);
void write(const Flushed& from, wire::Flushed::Builder to);
void write(const OffsetInfo& from, wire::OffsetInfo::Builder to);
void write(const ActorPage& from, wire::ActorPage::Builder to);
void write(const Configs& from, capnp::List<wire::Config>::Builder to);
void write(const std::vector<ConfigChange>& from, capnp::List<wire::ConfigChange>::Builder to);
void write(const std::vector<OffsetReset>& from, capnp::List<wire::OffsetReset>::Builder to);
void write(const std::vector<Record>& from, capnp::List<wire::Record>::Builder to);
// As batches; the next offset is the caller's.
void write(const Fetched& from, wire::Fetched::Builder to);

Unit read(wire::Done::Reader from);
TopicInfo read(wire::TopicInfo::Reader from);
TopicPage read(wire::TopicPage::Reader from);
PartitionPage read(wire::PartitionPage::Reader from);
GroupPage read(wire::GroupPage::Reader from);
GroupInfo read(wire::GroupInfo::Reader from);
Produced read(wire::Produced::Reader from);
Flushed read(wire::Flushed::Reader from);
// Of a reply that holds batches; copies them.
Fetched read(wire::Fetched::Reader from);
OffsetInfo read(wire::OffsetInfo::Reader from);
ActorPage read(wire::ActorPage::Reader from);
Configs read(capnp::List<wire::Config>::Reader from);
std::vector<ConfigChange> read(capnp::List<wire::ConfigChange>::Reader from);
std::vector<OffsetReset> read(capnp::List<wire::OffsetReset>::Reader from);
std::vector<Record> read(capnp::List<wire::Record>::Reader from);

Acks read(wire::Acks from);
wire::Acks to_wire(Acks from);
ActorOrder read(wire::ActorOrder from);
wire::ActorOrder to_wire(ActorOrder from);

// A Result as the Outcome that the API answers with.
template <class Value, class WireValue>
void write(const Result<Value>& from, typename wire::Outcome<WireValue>::Builder to) {
  if (from)
    write(*from, to.initValue());
  else
    write(from.error(), to.initError());
}

// And back.
template <class Reader>
auto read_outcome(Reader from) -> Result<decltype(read(from.getValue()))> {
  if (from.isError()) return read(from.getError());
  return read(from.getValue());
}

} // namespace callboard::rpc
