#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

// OpenSSL's objects with owners; for the .cpp files of this folder.
namespace callboard::tls {

template <auto Free>
struct Freeing {
  template <class Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using SslPtr = std::unique_ptr<SSL, Freeing<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Freeing<SSL_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Freeing<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freeing<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freeing<X509_EXTENSION_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freeing<GENERAL_NAMES_free>>;

} // namespace callboard::tls
