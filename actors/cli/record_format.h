#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "schema/rpc/api.h"

namespace callboard::cli {

// How `consume -f` prints a record, in kcat's words:
//
//   %s %S %R   value, its length, its length as 4 bytes big-endian
//   %k %K      key, its length
//   %t %p %o   topic, partition, offset
//   %T %h %%   timestamp in ms, headers as name=value,..., a percent sign
//   \n \r \t \0 \\ \xNN   newline, carriage return, tab, NUL, backslash, the byte NN
//
// A null key, value or header has no text (or "NULL", if asked for) and the length -1.
class RecordFormat {
public:
  // Error: invalid_argument, naming what is not understood.
  static Result<RecordFormat> parse(std::string_view text);

  struct Options {
    bool null_as_text = false; // null is "NULL"
    bool for_terminal = false; // what records hold is shown with its control bytes as \x1b
  };
  void print(std::string& to, const std::string& topic, std::int32_t partition, const rpc::Record& record,
             const Options& options) const;

private:
  struct Part {
    char token = 0; // 0: literal
    std::string literal;
  };
  Status add_token(char token);
  Status add_escape(std::string_view& rest);
  void add_literal(char c);
  std::vector<Part> parts_;
};

// One record as a JSON object. A key, value or header that is not UTF-8 is given as
// "key_base64" and so on instead.
std::string json_of(const std::string& topic, std::int32_t partition, const rpc::Record& record);

} // namespace callboard::cli
