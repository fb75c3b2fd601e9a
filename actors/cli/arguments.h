#pragma once

#include <functional>

#include "actors/cli/cli.h"
#include "actors/cli/output.h"
#include "actors/client/client.h"
#include "schema/result.h"

namespace CLI {
class App;
}

// The sub-commands' arguments: each function describes one to CLI11, and what is read
// becomes the command to run. What cannot be is said while arguments are read, so that it
// is status 2 and no node is asked.
namespace callboard::cli {

// Runs with a connected client.
using Command = std::function<Status(client::Client&, Output&)>;

// Needs no node.
using LocalCommand = std::function<Status(Output&)>;

struct Arguments {
  CommonOptions common;
  Command command;            // the one that was chosen
  LocalCommand local_command; // or this one
};

// `arguments` outlives `app`.
void add_topic(CLI::App& app, Arguments& arguments);
void add_produce(CLI::App& app, Arguments& arguments);
void add_consume(CLI::App& app, Arguments& arguments);
void add_group(CLI::App& app, Arguments& arguments);
void add_actors(CLI::App& app, Arguments& arguments);
void add_cluster(CLI::App& app, Arguments& arguments);
// `topic move` and `topic elect`.
void add_topic_moves(CLI::App& topic, Arguments& arguments);

// NAME=VALUE: for CLI11's check(): empty if it is one, else a sentence.
std::string check_assignment(const std::string& text);
// Of a text that check_assignment() passed.
std::pair<std::string, std::string> split_assignment(const std::string& text);

} // namespace callboard::cli
