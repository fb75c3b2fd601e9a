#include "actors/client/client.h"
#include "actors/client/connection.h"
#include "actors/client/outcome.h"

namespace callboard::client {
namespace {

rpc::wire::Group::Client open_group(Connection& connection, const std::string& id) {
  auto opening = connection.broker().groupRequest();
  opening.setId(rpc::to_text(id));
  return opening.send().getGroup();
}

} // namespace

Result<std::vector<GroupSummary>> Client::list_groups() {
  std::vector<GroupSummary> groups;
  for (bool more = true; more;) {
    auto request = connection_->broker().listGroupsRequest();
    if (!groups.empty()) request.setAfter(rpc::to_text(groups.back().id));
    auto page = connection_->wait(outcome_of(kj::mv(request)));
    if (!page) return page.error();
    more = page->more && !page->groups.empty();
    std::move(page->groups.begin(), page->groups.end(), std::back_inserter(groups));
  }
  return groups;
}

Result<GroupInfo> Client::describe_group(const std::string& id) {
  return connection_->wait(outcome_of(open_group(*connection_, id).describeRequest()));
}

Status Client::reset_offsets(const std::string& group, const std::vector<OffsetReset>& offsets) {
  auto request = open_group(*connection_, group).resetOffsetsRequest();
  rpc::write(offsets, request.initOffsets(rpc::to_list_size(offsets.size())));
  return connection_->wait(outcome_of(kj::mv(request)));
}

Status Client::delete_group(const std::string& id) {
  return connection_->wait(outcome_of(open_group(*connection_, id).deleteRequest()));
}

} // namespace callboard::client
