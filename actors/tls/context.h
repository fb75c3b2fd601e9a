#pragma once

#include <kj/async-io.h>

#include <memory>
#include <string>

#include "actors/tls/channel.h"
#include "schema/result.h"

struct ssl_ctx_st;

namespace callboard::tls {

class Stream;

// Files in PEM.
struct Files {
  std::string certificate; // one's own, then what leads to the CA, if anything does
  std::string key;         // of it, not encrypted
  std::string ca;          // whom one trusts; empty: whom this machine trusts
};

// One side's certificates, loaded. Does not change; used by all threads.
class Context {
public:
  // With a certificate and its key. `ask_clients`: a client without a certificate that the
  // CA signed is refused. Errors (invalid_argument) name the file and what is wrong with it.
  static Result<std::shared_ptr<const Context>> server(const Files& files, bool ask_clients);
  // A certificate is shown if there is one and the server asks for it. Our servers speak TLS
  // 1.3, so nothing older is accepted of them.
  static Result<std::shared_ptr<const Context>> client(const Files& files);

  // A stream within `inner`, once both sides have agreed. It rejects with half a sentence, or
  // never: the deadline is the caller's.
  kj::Promise<kj::Own<Stream>> accept(kj::Own<kj::AsyncIoStream> inner) const;
  // `host`: as a person wrote it, a name or an address in numbers: the certificate must be
  // for that one.
  kj::Promise<kj::Own<Stream>> connect(kj::Own<kj::AsyncIoStream> inner, const std::string& host) const;

  // What should be told to whoever runs this, as a sentence: expired, or soon; empty: nothing.
  std::string advice() const;

  ~Context();
  Context(const Context&) = delete;

private:
  explicit Context(ssl_ctx_st* context) : context_(context) {}
  static Result<std::shared_ptr<Context>> load(const Files& files, bool server);
  ssl_ctx_st* context_;
};

} // namespace callboard::tls
