#pragma once

#include "actors/cli/output.h"
#include "actors/client/client.h"

// The sub-commands that speak to a running node: each asks, prints what it got, and
// gives back why it could not.
namespace callboard::cli {

Status create_topic(client::Client& client, Output& output, const client::CreateTopic& topic);
Status list_topics(client::Client& client, Output& output);
Status delete_topic(client::Client& client, Output& output, const std::string& name);
Status list_actors(client::Client& client, Output& output, const client::ActorQuery& query);

} // namespace callboard::cli
