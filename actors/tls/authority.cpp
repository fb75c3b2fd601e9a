#include "actors/tls/authority.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "actors/tls/openssl.h"
#include "schema/assert.h"

namespace callboard::tls {
namespace {

constexpr long day_s = 24 * 3600;
constexpr std::size_t host_bytes_max = 253;
constexpr int key_mode = 0600;
constexpr int certificate_mode = 0644;
constexpr int secret_bytes = 32;
using FilePtr = std::unique_ptr<FILE, decltype([](FILE* file) { std::fclose(file); })>;

enum class Kind { authority, node, client };

Error io_error(const std::string& path, int error) {
  return {ErrorCode::storage_io, "cannot write " + path + ": " + std::strerror(error)};
}

Error of_openssl(const std::string& what) {
  const auto* reason = ERR_reason_error_string(ERR_peek_last_error());
  return {ErrorCode::invalid_argument, what + ": " + (reason != nullptr ? reason : "unknown reason")};
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

// What is in a file's name and in a certificate's list of names has no separators.
Status check_host(const std::string& host) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  const bool name = !host.empty() && host.size() <= host_bytes_max && host[0] != '.' && host[0] != '-' &&
                    std::all_of(host.begin(), host.end(), plain);
  if (name || is_address(host)) return ok_status();
  return Error{ErrorCode::invalid_argument,
               "\"" + host.substr(0, host_bytes_max) + "\" is no host: write a name or an address, without a port"};
}

// A new file, at once with its mode.
Result<FilePtr> create(const std::string& path, int mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return io_error(path, errno);
  return FilePtr(::fdopen(fd, "w"));
}

Status close(FilePtr file, const std::string& path, bool written) {
  if (!written || std::fflush(file.get()) != 0 || ::fsync(fileno(file.get())) != 0) return io_error(path, errno);
  return ok_status();
}

void add_extension(X509& to, const X509& issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509*>(&issuer), &to, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  CB_ASSERT(extension != nullptr && X509_add_ext(&to, extension.get(), -1) == 1);
}

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string all = "DNS:localhost,IP:127.0.0.1,IP:::1";
  for (const auto& host : hosts)
    if (host != "localhost" && host != "127.0.0.1" && host != "::1")
      all += (is_address(host) ? ",IP:" : ",DNS:") + host;
  return all;
}

struct Pair {
  CertificatePtr certificate;
  KeyPtr key;
};

// `hosts`: of a client or the authority its name alone. Signed by `signer`, or by itself.
Pair make_pair(Kind kind, const std::vector<std::string>& hosts, int days, const Pair* signer) {
  Pair made{CertificatePtr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
  auto* certificate = made.certificate.get();
  CB_ASSERT(certificate != nullptr && made.key != nullptr);
  const auto& issuer = signer != nullptr ? *signer->certificate : *made.certificate;
  X509_set_version(certificate, X509_VERSION_3);
  std::array<unsigned char, 16> serial{};
  CB_ASSERT(RAND_bytes(serial.data(), serial.size()) == 1);
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Freeing<BN_free>> number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
  // From yesterday on, so that a clock that is behind does not matter.
  X509_gmtime_adj(X509_getm_notBefore(certificate), -day_s);
  X509_time_adj_ex(X509_getm_notAfter(certificate), kind == Kind::authority ? 2 * days : days, 0, nullptr);
  auto* name = X509_get_subject_name(certificate);
  const auto common = hosts.front().substr(0, ub_common_name);
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("Callboard"), -1, -1, 0);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1,
                             0);
  if (signer == nullptr)
    X509_set_issuer_name(certificate, name);
  else
    X509_set_issuer_name(certificate, X509_get_subject_name(signer->certificate.get()));
  X509_set_pubkey(certificate, made.key.get());
  const bool authority = kind == Kind::authority;
  add_extension(*certificate, issuer, NID_basic_constraints,
                authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
  add_extension(*certificate, issuer, NID_key_usage,
                authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  add_extension(*certificate, issuer, NID_subject_key_identifier, "hash");
  if (signer != nullptr) add_extension(*certificate, issuer, NID_authority_key_identifier, "keyid");
  if (kind == Kind::node) {
    add_extension(*certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(*certificate, issuer, NID_subject_alt_name, alternative_names(hosts));
  }
  if (kind == Kind::client) add_extension(*certificate, issuer, NID_ext_key_usage, "clientAuth");
  CB_ASSERT(X509_sign(certificate, signer != nullptr ? signer->key.get() : made.key.get(), EVP_sha256()) > 0);
  return made;
}

Status store(const Pair& pair, const std::string& base, std::vector<std::string>& made) {
  auto key = create(base + ".key", key_mode);
  if (!key) return key.error();
  const bool wrote_key = PEM_write_PrivateKey(key->get(), pair.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (auto done = close(std::move(*key), base + ".key", wrote_key); !done) return done;
  auto certificate = create(base + ".crt", certificate_mode);
  if (!certificate) return certificate.error();
  const bool wrote = PEM_write_X509(certificate->get(), pair.certificate.get()) == 1;
  if (auto done = close(std::move(*certificate), base + ".crt", wrote); !done) return done;
  made.push_back(base + ".crt");
  made.push_back(base + ".key");
  return ok_status();
}

Result<Pair> load(const std::string& base) {
  Pair pair;
  const FilePtr certificate(std::fopen((base + ".crt").c_str(), "re"));
  const FilePtr key(std::fopen((base + ".key").c_str(), "re"));
  if (certificate == nullptr || key == nullptr)
    return Error{ErrorCode::invalid_argument, "of " + base + ".crt and " + base +
                                                  ".key only one is there, or they "
                                                  "cannot be read: both are needed"};
  pair.certificate.reset(PEM_read_X509(certificate.get(), nullptr, nullptr, nullptr));
  const auto no_pass_phrase = [](char*, int, int, void*) { return -1; };
  pair.key.reset(PEM_read_PrivateKey(key.get(), nullptr, no_pass_phrase, nullptr));
  if (pair.certificate == nullptr || pair.key == nullptr)
    return of_openssl("the CA in " + base + ".crt cannot be used");
  if (X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1)
    return Error{ErrorCode::invalid_argument, base + ".key is not the key of " + base + ".crt"};
  return pair;
}

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Result<Pair> authority_of(const AuthorityOptions& options, std::vector<std::string>& made) {
  const auto base = options.folder + "/ca";
  if (exists(base + ".crt") || exists(base + ".key")) return load(base);
  auto pair = make_pair(Kind::authority, {"Callboard CA"}, options.days, nullptr);
  if (auto stored = store(pair, base, made); !stored) return stored.error();
  return pair;
}

Status make_secret(const std::string& path, std::vector<std::string>& made) {
  if (exists(path)) return ok_status();
  std::array<unsigned char, secret_bytes> random{};
  CB_ASSERT(RAND_bytes(random.data(), random.size()) == 1);
  auto file = create(path, key_mode);
  if (!file) return file.error();
  for (const auto byte : random) std::fprintf(file->get(), "%02x", byte);
  const bool written = std::fputc('\n', file->get()) == '\n';
  OPENSSL_cleanse(random.data(), random.size());
  if (auto done = close(std::move(*file), path, written); !done) return done;
  made.push_back(path);
  return ok_status();
}

std::string file_name(std::string host) {
  std::replace(host.begin(), host.end(), ':', '_');
  return host;
}

Status check_all(const AuthorityOptions& options) {
  auto names = options.clients;
  for (const auto& node : options.nodes) {
    for (const auto& host : node)
      if (auto checked = check_host(host); !checked) return checked;
    names.push_back(node.front());
  }
  for (const auto& name : names) {
    if (auto checked = check_host(name); !checked) return checked;
    if (name == "ca" || name == "secret" || std::count(names.begin(), names.end(), name) > 1)
      return Error{ErrorCode::invalid_argument, "\"" + name +
                                                    "\" is the name of two files: give each node and client "
                                                    "another name, and none \"ca\" or \"secret\""};
  }
  return ok_status();
}

} // namespace

Result<std::vector<std::string>> make_certificates(const AuthorityOptions& options) {
  if (auto checked = check_all(options); !checked) return checked.error();
  std::vector<std::string> made;
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(options.folder, error);
  if (fresh && !error) std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all, error);
  if (error) return io_error(options.folder, error.value());
  auto authority = authority_of(options, made);
  if (!authority) return authority.error();
  if (auto secret = make_secret(options.folder + "/secret", made); !secret) return secret.error();
  const auto sign = [&](Kind kind, const std::vector<std::string>& hosts) -> Status {
    const auto base = options.folder + "/" + file_name(hosts.front());
    if (exists(base + ".crt") || exists(base + ".key")) return ok_status();
    return store(make_pair(kind, hosts, options.days, &*authority), base, made);
  };
  for (const auto& node : options.nodes)
    if (auto stored = sign(Kind::node, node); !stored) return stored.error();
  for (const auto& client : options.clients)
    if (auto stored = sign(Kind::client, {client}); !stored) return stored.error();
  return made;
}

} // namespace callboard::tls
