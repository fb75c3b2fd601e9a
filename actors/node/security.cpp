#include "actors/node/security.h"

#include <sys/stat.h>

#include <algorithm>

namespace callboard {
namespace {

void check_mode(const std::string& path, std::vector<std::string>& advice) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0 || (info.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  advice.push_back("other users of this machine may read " + path + "; `chmod 600` keeps it to this one");
}

} // namespace

Result<std::shared_ptr<const Security>> Security::load(const NodeConfig& config, std::vector<std::string>& advice) {
  auto security = std::make_shared<Security>();
  security->certificate_proves = config.asks_clients();
  security->plaintext = config.tls_plaintext && !config.asks_clients();
  if (config.has_tls()) {
    const tls::Files files{config.tls_certificate, config.tls_key, config.tls_ca};
    auto server = tls::Context::server(files, config.asks_clients());
    if (!server) return server.error();
    auto client = tls::Context::client(files);
    if (!client) return client.error();
    security->server = std::move(*server);
    security->client = std::move(*client);
    if (auto said = security->server->advice(); !said.empty()) advice.push_back(std::move(said));
    check_mode(config.tls_key, advice);
  }
  if (!config.secret_file.empty()) {
    auto secret = tls::Secret::load(config.secret_file);
    if (!secret) return secret.error();
    security->secret = std::move(*secret);
    check_mode(config.secret_file, advice);
    const bool beyond = std::any_of(config.listen.begin(), config.listen.end(),
                                    [](const HostPort& address) { return !address.is_loopback(); });
    if (beyond && !config.has_tls())
      advice.push_back("a secret without TLS keeps strangers out, but nobody who sits between two nodes; `callboard "
                       "cluster init-tls` makes certificates too");
  }
  return std::shared_ptr<const Security>(std::move(security));
}

} // namespace callboard
