#include "actors/tls/context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <cstring>
#include <ctime>

#include "actors/tls/certificate_text.h"
#include "actors/tls/openssl.h"
#include "actors/tls/stream.h"
#include "schema/assert.h"

namespace callboard::tls {
namespace {

constexpr int chain_length_max = 8;
constexpr std::time_t soon_s = 30 * 24 * 3600;

Error wrong(const std::string& what, const std::string& path, const std::string& advice) {
  const auto error = ERR_peek_last_error();
  const auto* reason = ERR_reason_error_string(error);
  ERR_clear_error();
  return {ErrorCode::invalid_argument, "The " + what + " " + path + " cannot be used" +
                                           (reason != nullptr ? std::string(": ") + reason : "") + ". " + advice};
}

// A key with a pass phrase is refused rather than asked for on the terminal.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

// Notes why a certificate is refused, for the sentence.
int note_doubt(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* stream = static_cast<Stream*>(SSL_get_app_data(ssl));
  auto& doubt = stream->doubt();
  if (doubt.error != 0) return 0;
  doubt.error = X509_STORE_CTX_get_error(store);
  if (auto* shown = X509_STORE_CTX_get0_cert(store); shown != nullptr) {
    doubt.names = names_of(*shown);
    doubt.since = text_of_time(X509_get0_notBefore(shown));
    doubt.until = text_of_time(X509_get0_notAfter(shown));
    doubt.signer = text_of_name(X509_get_issuer_name(shown));
  }
  return 0;
}

bool is_number(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

} // namespace

Context::~Context() {
  SSL_CTX_free(context_);
}

Result<std::shared_ptr<Context>> Context::load(const Files& files, bool server) {
  ERR_clear_error();
  SslContextPtr context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  CB_ASSERT(context != nullptr);
  auto* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, server ? TLS1_2_VERSION : TLS1_3_VERSION);
  // Sessions are not resumed: it would save little and is one more way past the certificates.
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify_depth(raw, chain_length_max);
  SSL_CTX_set_default_passwd_cb(raw, no_pass_phrase);
  if (files.certificate.empty() != files.key.empty())
    return Error{ErrorCode::invalid_argument, "A certificate needs its key, and a key its certificate: give both "
                                              "--tls-cert and --tls-key (tls.certificate, tls.key)."};
  if (!files.certificate.empty()) {
    if (SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1)
      return wrong("certificate", files.certificate, "It must be a file in PEM that this user may read.");
    if (SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
      return wrong("key", files.key,
                   "It must be a file in PEM that this user may read, without a pass phrase, of the certificate " +
                       files.certificate + ".");
  }
  const auto trusting =
      files.ca.empty() ? SSL_CTX_set_default_verify_paths(raw) : SSL_CTX_load_verify_file(raw, files.ca.c_str());
  if (trusting != 1) return wrong("CA's certificate", files.ca, "It must be a file in PEM that this user may read.");
  return std::shared_ptr<Context>(new Context(context.release()));
}

Result<std::shared_ptr<const Context>> Context::server(const Files& files, bool ask_clients) {
  auto loaded = load(files, true);
  if (!loaded) return loaded.error();
  auto* context = (*loaded)->context_;
  SSL_CTX_set_verify(context, ask_clients ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
                     note_doubt);
  if (ask_clients && !files.ca.empty()) SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.ca.c_str()));
  return std::shared_ptr<const Context>(std::move(*loaded));
}

Result<std::shared_ptr<const Context>> Context::client(const Files& files) {
  auto loaded = load(files, false);
  if (!loaded) return loaded.error();
  SSL_CTX_set_verify((*loaded)->context_, SSL_VERIFY_PEER, note_doubt);
  return std::shared_ptr<const Context>(std::move(*loaded));
}

kj::Promise<kj::Own<Stream>> Context::accept(kj::Own<kj::AsyncIoStream> inner) const {
  auto* ssl = SSL_new(context_);
  CB_ASSERT(ssl != nullptr);
  SSL_set_accept_state(ssl);
  auto stream = kj::heap<Stream>(kj::mv(inner), ssl);
  auto done = stream->handshake();
  return done.then([stream = kj::mv(stream)]() mutable { return kj::mv(stream); });
}

kj::Promise<kj::Own<Stream>> Context::connect(kj::Own<kj::AsyncIoStream> inner, const std::string& host) const {
  auto* ssl = SSL_new(context_);
  CB_ASSERT(ssl != nullptr);
  SSL_set_connect_state(ssl);
  auto stream = kj::heap<Stream>(kj::mv(inner), ssl);
  stream->doubt().wanted = host;
  auto* wanted = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool number = is_number(host);
  const bool set = number ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1
                          : X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) == 1 &&
                                SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  if (!set)
    return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                         kj::str("\"", host.c_str(), "\" is no name that a certificate could be for"));
  auto done = stream->handshake();
  return done.then([stream = kj::mv(stream)]() mutable { return kj::mv(stream); });
}

std::string Context::advice() const {
  const auto* certificate = SSL_CTX_get0_certificate(context_);
  if (certificate == nullptr) return {};
  const auto* until = X509_get0_notAfter(certificate);
  auto now = std::time(nullptr);
  auto soon = now + soon_s;
  const auto what = "the certificate of this node, for " + names_of(*certificate) + ", ";
  if (X509_cmp_time(until, &now) < 0)
    return what + "has expired on " + text_of_time(until) +
           ": others will refuse it; make another with `callboard "
           "cluster init-tls` and start again";
  if (X509_cmp_time(until, &soon) < 0)
    return what + "expires on " + text_of_time(until) + "; make another with `callboard cluster init-tls`";
  return {};
}

} // namespace callboard::tls
