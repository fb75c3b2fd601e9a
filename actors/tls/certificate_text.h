#pragma once

#include <string>

#include "actors/tls/openssl.h"

// Parts of a certificate as a person reads them; printable, whatever it holds.
namespace callboard::tls {

std::string names_of(const X509& certificate); // the hosts that it is for: "a, 10.0.0.1"
std::string text_of_name(const X509_NAME* name);
std::string text_of_time(const ASN1_TIME* time); // "2026-11-26 08:00 UTC"

} // namespace callboard::tls
