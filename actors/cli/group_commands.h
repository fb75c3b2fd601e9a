#pragma once

#include "actors/cli/offset_reset.h"
#include "actors/cli/output.h"
#include "actors/client/client.h"

// `callboard group`: consumer groups, their members and offsets, and how far they lag.
namespace callboard::cli {

Status list_groups(client::Client& client, Output& output);
Status describe_group(client::Client& client, Output& output, const std::string& id);

struct ResetOptions {
  std::string group;
  std::vector<ResetTopic> topics;
  ResetTarget target;
  bool execute = false; // otherwise only shows what would change
};
Status reset_group(client::Client& client, Output& output, const ResetOptions& options);
Status delete_group(client::Client& client, Output& output, const std::string& id);

} // namespace callboard::cli
