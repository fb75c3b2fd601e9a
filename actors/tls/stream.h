#pragma once

#include <kj/async-io.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "actors/tls/channel.h"
#include "actors/tls/sentences.h"

struct ssl_st;

namespace callboard::tls {

// TLS over another stream; belongs to its KJ loop.
//
//   read  <- SSL_read  <- incoming BIO <- inner    a record or 16 KiB at a time
//   write -> SSL_write -> outgoing BIO -> inner    up to 64 KiB at a time, small pieces gathered
//
// One write to `inner` is under way at a time, whoever caused it, and it goes on when the one
// who waits for it gives up. At most about 100 KiB a connection are held in between, in the
// handshake too, whatever the other side sends. A read returns 0 where the other side ends,
// also without saying so: all our protocols know how long their messages are.
class Stream final : public kj::AsyncIoStream {
public:
  // Made by Context; takes over `ssl`.
  Stream(kj::Own<kj::AsyncIoStream> inner, ssl_st* ssl);
  // Says goodbye if that can be said without waiting.
  ~Stream() noexcept(false);
  KJ_DISALLOW_COPY(Stream);

  // Call it once, first. Rejects with half a sentence about the other side: "its certificate
  // has expired ...".
  kj::Promise<void> handshake();
  // Afterwards.
  Channel channel() const;

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override;
  kj::Promise<void> write(const void* buffer, std::size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override;
  void abortRead() override { inner_->abortRead(); }
  void getsockopt(int level, int option, void* value, kj::uint* length) override {
    inner_->getsockopt(level, option, value, length);
  }
  void setsockopt(int level, int option, const void* value, kj::uint length) override {
    inner_->setsockopt(level, option, value, length);
  }

  // Why the other side's certificate is refused, noted while it is looked at.
  Doubt& doubt() { return doubt_; }

private:
  using Pieces = kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>>;

  kj::Promise<bool> fill();
  kj::Promise<void> flush();
  kj::Promise<void> send_all();
  std::size_t outgoing() const;
  kj::Promise<std::size_t> read_on(kj::byte* to, std::size_t min_bytes, std::size_t max_bytes, std::size_t done);
  kj::Promise<void> write_on(Pieces pieces, std::size_t index, std::size_t offset);
  void encrypt(Pieces pieces, std::size_t& index, std::size_t& offset);
  kj::Exception failure() const;

  kj::Own<kj::AsyncIoStream> inner_;
  ssl_st* ssl_;
  Doubt doubt_;
  bool shook_ = false;
  bool broken_ = false;
  bool shut_ = false;
  std::vector<kj::byte> incoming_;
  std::vector<kj::byte> gathered_; // small pieces of a write
  std::vector<kj::byte> sending_;
  bool flushing_ = false;
  kj::ForkedPromise<void> flushed_;
  kj::Promise<void> ending_ = kj::READY_NOW; // last: these die before what they write
};

} // namespace callboard::tls
