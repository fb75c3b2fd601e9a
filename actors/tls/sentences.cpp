#include "actors/tls/sentences.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace callboard::tls {
namespace {

constexpr char make_another[] = "; make another with `callboard cluster init-tls`";

std::string names_of(const Doubt& doubt) {
  return doubt.names.empty() ? "no name at all" : doubt.names;
}

} // namespace

std::string sentence_of(const Doubt& doubt) {
  switch (doubt.error) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    return "its certificate, for " + names_of(doubt) + ", has expired on " + doubt.until + make_another +
           ", or correct this machine's clock if that is wrong";
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return "its certificate, for " + names_of(doubt) + ", is valid from " + doubt.since +
           " on: the clock of this machine or of the one that made it is wrong";
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return "its certificate is for " + names_of(doubt) + ", not for " + doubt.wanted +
           ": reach it by a name in its certificate" + make_another + " --node " + doubt.wanted;
  case X509_V_ERR_INVALID_PURPOSE:
    return "its certificate, for " + names_of(doubt) + ", is not made for " +
           (doubt.wanted.empty() ? "clients" : "servers") + make_another;
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_CERT_SIGNATURE_FAILURE:
  case X509_V_ERR_CERT_UNTRUSTED:
    return "its certificate, for " + names_of(doubt) + ", is signed by \"" + doubt.signer +
           "\", which is not in this side's --tls-ca: give both sides the same CA";
  default:
    return "its certificate, for " + names_of(doubt) + ", is refused: " + X509_verify_cert_error_string(doubt.error);
  }
}

std::string sentence_of_error(unsigned long error) {
  if (error == 0) return "it broke the TLS connection";
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_UNKNOWN_PROTOCOL: return "what it sends is not TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "it speaks no version of TLS that this side accepts (1.2 and 1.3 from clients, 1.3 between nodes)";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "it shows no certificate, and this node asks for one (tls.client_auth): give it one that the CA signed, "
             "with --tls-cert and --tls-key";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "it asks for a certificate: give this side one that its CA signed, with --tls-cert and --tls-key";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "it does not trust the CA that signed this side's certificate: give both sides the same CA with --tls-ca";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "it says that this side's certificate has expired; make another with `callboard cluster init-tls`, or "
             "correct its clock";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: return "it refuses this side's certificate; its log says why";
    default: break;
    }
  const auto* reason = ERR_reason_error_string(error);
  return std::string("the TLS connection failed: ") + (reason != nullptr ? reason : "no reason given");
}

} // namespace callboard::tls
