#pragma once

#include "actors/cli/output.h"
#include "actors/client/client.h"

// `callboard topic`: each asks, prints what it got, and gives back why it could not.
namespace callboard::cli {

Status create_topic(client::Client& client, Output& output, const client::CreateTopic& topic);
Status list_topics(client::Client& client, Output& output);
Status describe_topic(client::Client& client, Output& output, const std::string& name);
Status alter_topic(client::Client& client, Output& output, const client::AlterTopic& topic);
Status delete_topic(client::Client& client, Output& output, const std::string& name);

} // namespace callboard::cli
