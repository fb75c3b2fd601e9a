#pragma once

#include <CLI/App.hpp>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "actors/cli/cli.h"

namespace callboard::cli {

// What a run of `callboard` did.
struct Ran {
  int status = 0;
  std::string output;
  std::string errors;
  bool started = false;
  std::string started_with; // --data
  CommonOptions common;
};

// Standard output or error in a string while this lives.
class Captured {
public:
  explicit Captured(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  ~Captured() { stream_.rdbuf(before_); }
  std::string text() const { return text_.str(); }

private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* before_;
};

inline Ran callboard(std::vector<const char*> arguments) {
  Ran ran;
  StartCommand start;
  start.add_options = [&ran](CLI::App& app) { app.add_option("--data", ran.started_with); };
  start.run = [&ran](const CommonOptions& common) {
    ran.started = true;
    ran.common = common;
    return 7;
  };
  arguments.insert(arguments.begin(), "callboard");
  Captured output(std::cout);
  Captured errors(std::cerr);
  ran.status = run(static_cast<int>(arguments.size()), arguments.data(), start);
  ran.output = output.text();
  ran.errors = errors.text();
  return ran;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace callboard::cli
