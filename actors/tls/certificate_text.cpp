#include "actors/tls/certificate_text.h"

#include <arpa/inet.h>

#include <ctime>

namespace callboard::tls {
namespace {

constexpr std::size_t text_bytes_max = 200;

// What others put into a certificate comes to a log and a terminal.
std::string printable(const unsigned char* text, int size) {
  std::string out;
  for (int i = 0; i < size && out.size() < text_bytes_max; ++i)
    out += text[i] >= 0x20 && text[i] < 0x7f ? static_cast<char>(text[i]) : '?';
  return out;
}

std::string text_of_address(const ASN1_OCTET_STRING& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const auto size = ASN1_STRING_length(&address);
  const int family = size == 4 ? AF_INET : AF_INET6;
  if (size != 4 && size != 16) return {};
  inet_ntop(family, ASN1_STRING_get0_data(&address), text, sizeof text);
  return text;
}

} // namespace

std::string names_of(const X509& certificate) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return text_of_name(X509_get_subject_name(&certificate));
  std::string all;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && all.size() < text_bytes_max; ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string one;
    if (name->type == GEN_DNS)
      one = printable(ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName));
    if (name->type == GEN_IPADD) one = text_of_address(*name->d.iPAddress);
    if (!one.empty()) all += (all.empty() ? "" : ", ") + one;
  }
  return all;
}

std::string text_of_name(const X509_NAME* name) {
  const int last = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (last < 0) return "nobody named";
  const auto* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last));
  return printable(ASN1_STRING_get0_data(text), ASN1_STRING_length(text));
}

std::string text_of_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown day";
  char text[32] = "";
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

} // namespace callboard::tls
