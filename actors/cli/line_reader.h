#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace callboard::cli {

// The lines of a file or of standard input, without their newlines; the last one may
// lack it. Reads what is there and not more, so that a person's lines arrive one by one.
class LineReader {
public:
  // As much as one produce can carry anyway.
  static constexpr std::size_t line_bytes_max = std::size_t{32} << 20;

  // A path, or "-" for standard input. Error: invalid_argument.
  static Result<LineReader> open(const std::string& path);
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&&) = delete;
  ~LineReader();

  // The next line, good until the next call; nullopt at the end. Errors: storage_io,
  // message_too_large (a longer line).
  Result<std::optional<std::string_view>> next();
  // False if next() would have to wait for somebody to write.
  bool more_at_once() const;

private:
  explicit LineReader(int fd) : fd_(fd) {}
  Status read_more();
  bool has_line() const { return text_.find('\n', at_) != std::string::npos; }

  int fd_ = -1;
  bool ended_ = false;
  std::string text_;
  std::size_t at_ = 0;       // where the next line begins
  std::size_t searched_ = 0; // no newline before it
};

} // namespace callboard::cli
