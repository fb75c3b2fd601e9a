#include "actors/cli/record_format.h"

#include <charconv>

#include "actors/cli/output.h"

namespace callboard::cli {
namespace {

using Text = std::optional<std::string>;

Error not_understood(const std::string& what) {
  return {ErrorCode::invalid_argument,
          what + "; there are %s %S %R %k %K %t %p %o %T %h %% and \\n \\r \\t \\0 \\\\ \\xNN"};
}

// Bytes of a record for a terminal: lines and tabs stay what they are.
std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\n\t"), text.size());
    out += printable(text.substr(0, end));
    if (end < text.size()) out += text[end];
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void add_text(std::string& to, const Text& text, const RecordFormat::Options& options) {
  if (!text)
    to += options.null_as_text ? "NULL" : "";
  else
    to += options.for_terminal ? shown(*text) : *text;
}

std::int64_t length_of(const Text& text) {
  return text ? static_cast<std::int64_t>(text->size()) : -1;
}

void add_binary_length(std::string& to, const Text& text) {
  const auto length = static_cast<std::uint32_t>(length_of(text));
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(length >> shift);
}

void add_headers(std::string& to, const std::vector<RecordHeader>& headers, const RecordFormat::Options& options) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (i > 0) to += ',';
    add_text(to, headers[i].key, options);
    to += '=';
    add_text(to, headers[i].value, options);
  }
}

std::string base64(std::string_view bytes) {
  static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 3))) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += i <= bytes.size() ? letters[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

void add_content(JsonObject& to, const std::string& name, const Text& content) {
  if (!content)
    to.add(name, "null");
  else if (is_utf8(*content))
    to.add(name, json_text(*content));
  else
    to.add(name + "_base64", json_text(base64(*content)));
}

std::string json_of_header(const RecordHeader& header) {
  JsonObject object;
  object.add("name", json_text(header.key));
  add_content(object, "value", header.value);
  return object.text();
}

} // namespace

Result<RecordFormat> RecordFormat::parse(std::string_view text) {
  RecordFormat format;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    Status added = ok_status();
    if (c == '%') {
      if (text.empty()) return not_understood("the format ends with a single %");
      added = format.add_token(text.front());
      text.remove_prefix(1);
    } else if (c == '\\') {
      added = format.add_escape(text);
    } else {
      format.add_literal(c);
    }
    if (!added) return added.error();
  }
  return format;
}

Status RecordFormat::add_token(char token) {
  static constexpr std::string_view known = "sSRkKtpoTh";
  if (token == '%')
    add_literal('%');
  else if (known.find(token) == known.npos)
    return not_understood(std::string("the format has no %") + token);
  else
    parts_.push_back({token, {}});
  return ok_status();
}

// `rest` begins behind the backslash.
Status RecordFormat::add_escape(std::string_view& rest) {
  static constexpr std::string_view names = "nrt0\\";
  static constexpr std::string_view bytes{"\n\r\t\0\\", 5};
  if (rest.empty()) return not_understood("the format ends with a single \\");
  const char name = rest.front();
  rest.remove_prefix(1);
  if (const auto at = names.find(name); at != names.npos) {
    add_literal(bytes[at]);
    return ok_status();
  }
  if (name != 'x') return not_understood(std::string("the format has no \\") + name);
  unsigned byte = 0;
  const auto digits = rest.substr(0, 2);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
  if (failed != std::errc{} || end != digits.data() + 2) return not_understood("\\x needs two hexadecimal digits");
  add_literal(static_cast<char>(byte));
  rest.remove_prefix(2);
  return ok_status();
}

void RecordFormat::add_literal(char c) {
  if (parts_.empty() || parts_.back().token != 0) parts_.emplace_back();
  parts_.back().literal += c;
}

void RecordFormat::print(std::string& to, const std::string& topic, std::int32_t partition, const rpc::Record& record,
                         const Options& options) const {
  for (const auto& part : parts_) {
    switch (part.token) {
    case 0: to += part.literal; break;
    case 's': add_text(to, record.value, options); break;
    case 'S': to += std::to_string(length_of(record.value)); break;
    case 'R': add_binary_length(to, record.value); break;
    case 'k': add_text(to, record.key, options); break;
    case 'K': to += std::to_string(length_of(record.key)); break;
    case 't': to += topic; break;
    case 'p': to += std::to_string(partition); break;
    case 'o': to += std::to_string(record.offset.value); break;
    case 'T': to += std::to_string(record.timestamp); break;
    case 'h': add_headers(to, record.headers, options); break;
    }
  }
}

std::string json_of(const std::string& topic, std::int32_t partition, const rpc::Record& record) {
  JsonObject object;
  object.add("topic", json_text(topic))
      .add("partition", std::to_string(partition))
      .add("offset", std::to_string(record.offset.value))
      .add("timestamp_ms", std::to_string(record.timestamp));
  add_content(object, "key", record.key);
  add_content(object, "value", record.value);
  return object.add("headers", json_list(record.headers, json_of_header)).text();
}

} // namespace callboard::cli
