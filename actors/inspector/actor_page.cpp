#include "actors/inspector/actor_page.h"

#include <algorithm>
#include <numeric>

namespace callboard {
namespace {

rpc::ActorRow row_of(const ActorEntry& entry, NodeId self, Instant now) {
  rpc::ActorRow row;
  row.id = entry.id;
  row.kind = name_of(entry.kind);
  row.name = entry.name;
  row.thread = entry.thread;
  row.messages = entry.stats->handled();
  row.processing_ns = static_cast<std::uint64_t>(entry.stats->busy_ns());
  row.mailbox_depth = entry.stats->depth();
  row.mailbox_age_ns = static_cast<std::uint64_t>(entry.stats->oldest_waiting(now).count());
  row.node = self;
  return row;
}

bool comes_before(const rpc::ActorRow& a, const rpc::ActorRow& b, rpc::ActorOrder order) {
  switch (order) {
  case rpc::ActorOrder::mailbox_depth: return a.mailbox_depth > b.mailbox_depth;
  case rpc::ActorOrder::mailbox_age: return a.mailbox_age_ns > b.mailbox_age_ns;
  case rpc::ActorOrder::processing: return a.processing_ns > b.processing_ns;
  case rpc::ActorOrder::messages: return a.messages > b.messages;
  case rpc::ActorOrder::name: return false; // the tie-break below
  }
  return false;
}

} // namespace

ActorSelection select_actors(const ActorRegistry& registry, const rpc::ActorQuery& query, NodeId self, Instant now) {
  if (query.node != no_node && query.node != self) return {};
  auto found = registry.select([&](const ActorEntry& entry) {
    return (query.kind.empty() || query.kind == name_of(entry.kind)) &&
           (query.name_pattern.empty() || entry.name.find(query.name_pattern) != std::string::npos);
  });
  std::vector<std::pair<rpc::ActorRow, caf::actor_addr>> rows;
  rows.reserve(found.size());
  for (auto& row : found) rows.emplace_back(row_of(row.entry, self, now), std::move(row.address));
  const auto shown = std::min<std::size_t>({query.limit, rpc::actor_rows_max, rows.size()});
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(shown), rows.end(),
                    [&](const auto& a, const auto& b) {
                      if (comes_before(a.first, b.first, query.order)) return true;
                      if (comes_before(b.first, a.first, query.order)) return false;
                      return std::tie(a.first.name, a.first.id) < std::tie(b.first.name, b.first.id);
                    });
  ActorSelection out;
  out.page.total = static_cast<std::uint32_t>(rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    out.page.rows.push_back(std::move(rows[i].first));
    out.addresses.push_back(std::move(rows[i].second));
  }
  return out;
}

} // namespace callboard
