#include "actors/cli/line_reader.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace callboard::cli {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{64} << 10;

} // namespace

Result<LineReader> LineReader::open(const std::string& path) {
  if (path == "-") return LineReader(STDIN_FILENO);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error{ErrorCode::invalid_argument, "cannot read " + path + ": " + std::strerror(errno)};
  return LineReader(fd);
}

LineReader::LineReader(LineReader&& other) noexcept
  : fd_(std::exchange(other.fd_, -1)), ended_(other.ended_), text_(std::move(other.text_)), at_(other.at_),
    searched_(other.searched_) {}

LineReader::~LineReader() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

Result<std::optional<std::string_view>> LineReader::next() {
  for (;;) {
    const auto end = text_.find('\n', std::max(at_, searched_));
    if (end != std::string::npos) {
      const auto line = std::string_view(text_).substr(at_, end - at_);
      at_ = end + 1;
      return std::optional(line);
    }
    searched_ = text_.size();
    if (ended_) break;
    if (searched_ - at_ > line_bytes_max)
      return Error{ErrorCode::message_too_large,
                   "a line is longer than " + std::to_string(line_bytes_max >> 20) + " MiB; no record may be"};
    if (auto read = read_more(); !read) return read.error();
  }
  if (at_ == text_.size()) return std::optional<std::string_view>();
  const auto line = std::string_view(text_).substr(at_);
  at_ = text_.size();
  return std::optional(line);
}

bool LineReader::more_at_once() const {
  if (ended_ || has_line()) return true;
  pollfd waiting{fd_, POLLIN, 0};
  return ::poll(&waiting, 1, 0) != 0;
}

Status LineReader::read_more() {
  text_.erase(0, at_);
  searched_ -= at_;
  at_ = 0;
  const auto kept = text_.size();
  text_.resize(kept + chunk_bytes);
  ssize_t got = 0;
  do got = ::read(fd_, text_.data() + kept, chunk_bytes);
  while (got < 0 && errno == EINTR);
  const auto failed = errno;
  text_.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return Error{ErrorCode::storage_io, std::string("cannot read on: ") + std::strerror(failed)};
  ended_ = got == 0;
  return ok_status();
}

} // namespace callboard::cli
