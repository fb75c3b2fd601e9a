#include "actors/tls/stream.h"

#include <kj/debug.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "actors/tls/openssl.h"
#include "actors/tls/sentences.h"
#include "schema/assert.h"

namespace callboard::tls {
namespace {

constexpr std::size_t record_bytes = 16 << 10; // the most that one may carry
constexpr std::size_t write_bytes = 64 << 10;  // encrypted before it goes to the socket
// Of what is answered to reads while a write is stuck: who causes more than this does not
// read, and asks for new keys again and again.
constexpr std::size_t answers_bytes_max = 16 << 10;
constexpr char binding_label[] = "EXPORTER-Channel-Binding"; // RFC 9266

kj::Exception broken(std::string reason) {
  return {kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__, kj::str(reason.c_str())};
}

} // namespace

Stream::Stream(kj::Own<kj::AsyncIoStream> inner, ssl_st* ssl)
  : inner_(kj::mv(inner)), ssl_(ssl), incoming_(record_bytes), flushed_(kj::Promise<void>(kj::READY_NOW).fork()) {
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  CB_ASSERT(in != nullptr && out != nullptr);
  BIO_set_mem_eof_return(in, -1); // empty: more may come
  SSL_set_bio(ssl_, in, out);
  SSL_set_app_data(ssl_, this);
}

Stream::~Stream() noexcept(false) {
  KJ_IF_MAYBE (fd, inner_->getFd()) {
    if (shook_ && !broken_ && !shut_ && !flushing_) {
      ERR_clear_error();
      SSL_shutdown(ssl_);
      char* goodbye = nullptr;
      const auto size = BIO_get_mem_data(SSL_get_wbio(ssl_), &goodbye);
      if (size > 0) (void)::send(*fd, goodbye, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }
  SSL_free(ssl_);
  ERR_clear_error();
}

kj::Promise<void> Stream::handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_);
  if (done == 1) {
    shook_ = true;
    return flush();
  }
  const int error = SSL_get_error(ssl_, done);
  if (error == SSL_ERROR_WANT_READ)
    return flush()
        .then([this] { return fill(); })
        .catch_([](kj::Exception&& e) { // who closes with something unread resets
          if (e.getType() != kj::Exception::Type::DISCONNECTED) kj::throwFatalException(kj::mv(e));
          return false;
        })
        .then([this](bool more) -> kj::Promise<void> {
          if (!more) return broken(SSL_is_server(ssl_) ? "it went away during the TLS handshake" : text_of_silent_end);
          return handshake();
        });
  // The other side is told why, if it still listens.
  auto why = failure();
  return flush().catch_([](kj::Exception&&) {}).then([why = kj::mv(why)]() mutable -> kj::Promise<void> {
    return kj::mv(why);
  });
}

Channel Stream::channel() const {
  Channel channel;
  channel.encrypted = true;
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_));
  channel.certified = certificate != nullptr && SSL_get_verify_result(ssl_) == X509_V_OK;
  channel.server_certified =
      channel.certified && X509_check_purpose(certificate.get(), X509_PURPOSE_SSL_SERVER, 0) == 1;
  Binding binding;
  if (SSL_version(ssl_) >= TLS1_3_VERSION &&
      SSL_export_keying_material(ssl_, binding.data(), binding.size(), binding_label, sizeof binding_label - 1, nullptr,
                                 0, 1) == 1)
    channel.binding = binding;
  return channel;
}

// ---- between OpenSSL and the stream inside

// More from inside; false: there is no more.
kj::Promise<bool> Stream::fill() {
  return inner_->tryRead(incoming_.data(), 1, incoming_.size()).then([this](std::size_t got) {
    if (got == 0) return false;
    CB_ASSERT(BIO_write(SSL_get_rbio(ssl_), incoming_.data(), static_cast<int>(got)) == static_cast<int>(got));
    return true;
  });
}

std::size_t Stream::outgoing() const {
  return BIO_ctrl_pending(SSL_get_wbio(ssl_));
}

// Until all that is encrypted by now is written.
kj::Promise<void> Stream::flush() {
  if (flushing_) return flushed_.addBranch();
  if (outgoing() == 0) return kj::READY_NOW;
  flushing_ = true;
  flushed_ = send_all()
                 .then([this] { flushing_ = false; },
                       [this](kj::Exception&& e) {
                         flushing_ = false;
                         broken_ = true;
                         kj::throwFatalException(kj::mv(e));
                       })
                 .fork();
  return flushed_.addBranch();
}

kj::Promise<void> Stream::send_all() {
  const auto size = outgoing();
  if (size == 0) return kj::READY_NOW;
  sending_.resize(size);
  CB_ASSERT(BIO_read(SSL_get_wbio(ssl_), sending_.data(), static_cast<int>(size)) == static_cast<int>(size));
  return inner_->write(sending_.data(), sending_.size()).then([this] { return send_all(); });
}

// ---- reading

kj::Promise<std::size_t> Stream::tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) {
  return read_on(static_cast<kj::byte*>(buffer), min_bytes, max_bytes, 0);
}

kj::Promise<std::size_t> Stream::read_on(kj::byte* to, std::size_t min_bytes, std::size_t max_bytes, std::size_t done) {
  while (done < max_bytes) {
    std::size_t got = 0;
    ERR_clear_error();
    const int read = SSL_read_ex(ssl_, to + done, max_bytes - done, &got);
    if (read == 1) {
      done += got;
      continue;
    }
    const int error = SSL_get_error(ssl_, read);
    if (error == SSL_ERROR_ZERO_RETURN) return done;
    if (error != SSL_ERROR_WANT_READ) {
      broken_ = true;
      return failure();
    }
    if (done >= min_bytes && done > 0) break;
    // Answers to what was read, as new keys, leave beside whatever is written.
    if (outgoing() > 0) (void)flush();
    if (outgoing() > answers_bytes_max) return broken("it asks for new keys and does not read");
    return fill().then([this, to, min_bytes, max_bytes, done](bool more) -> kj::Promise<std::size_t> {
      if (!more) return done;
      return read_on(to, min_bytes, max_bytes, done);
    });
  }
  if (outgoing() > 0) (void)flush();
  return done;
}

// ---- writing

kj::Promise<void> Stream::write(const void* buffer, std::size_t size) {
  auto piece = kj::heapArray<kj::ArrayPtr<const kj::byte>>(1);
  piece[0] = kj::arrayPtr(static_cast<const kj::byte*>(buffer), size);
  auto written = write(piece.asPtr());
  return written.attach(kj::mv(piece));
}

kj::Promise<void> Stream::write(Pieces pieces) {
  return write_on(pieces, 0, 0);
}

kj::Promise<void> Stream::write_on(Pieces pieces, std::size_t index, std::size_t offset) {
  if (broken_) return broken("the TLS connection is broken");
  while (index < pieces.size() && outgoing() < write_bytes) encrypt(pieces, index, offset);
  const bool all = index >= pieces.size();
  auto flushed = flush();
  if (all) return flushed;
  return flushed.then([this, pieces, index, offset] { return write_on(pieces, index, offset); });
}

// The next record. A large piece is taken from where it lies, small ones are gathered: each
// record costs the other side a check, and the wire 22 bytes.
void Stream::encrypt(Pieces pieces, std::size_t& index, std::size_t& offset) {
  const auto* from = pieces[index].begin() + offset;
  auto size = std::min(pieces[index].size() - offset, record_bytes);
  if (size == record_bytes || index + 1 == pieces.size()) {
    offset += size;
  } else {
    gathered_.clear();
    for (; index < pieces.size() && gathered_.size() < record_bytes; ++index, offset = 0) {
      const auto rest = pieces[index].slice(offset, pieces[index].size());
      const auto taken = std::min(rest.size(), record_bytes - gathered_.size());
      gathered_.insert(gathered_.end(), rest.begin(), rest.begin() + taken);
      offset += taken;
      if (taken < rest.size()) break;
    }
    from = gathered_.data();
    size = gathered_.size();
  }
  if (index < pieces.size() && offset == pieces[index].size()) {
    ++index;
    offset = 0;
  }
  if (size == 0) return;
  std::size_t written = 0;
  ERR_clear_error();
  const int done = SSL_write_ex(ssl_, from, size, &written);
  if (done == 1 && written == size) return;
  broken_ = true;
  kj::throwFatalException(failure());
}

void Stream::shutdownWrite() {
  if (std::exchange(shut_, true)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  // The inner stream ends behind it; nobody waits for that, as for a socket.
  ending_ = flush().then([this] { inner_->shutdownWrite(); }).eagerlyEvaluate([](kj::Exception&&) {});
}

// ---- failures

kj::Exception Stream::failure() const {
  const auto error = ERR_peek_error();
  ERR_clear_error();
  if (doubt_.error != 0) return broken(sentence_of(doubt_));
  return broken(sentence_of_error(error));
}

} // namespace callboard::tls
