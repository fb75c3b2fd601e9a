#include "actors/peer/announcement.h"

#include <algorithm>
#include <string_view>

#include "schema/assert.h"

namespace callboard {
namespace {

constexpr std::string_view magic = "CBDISC";
constexpr std::uint8_t version = 1;
constexpr std::uint8_t looking_flag = 1;
constexpr std::size_t text_bytes_max = 255;

void append(std::vector<std::uint8_t>& to, std::string_view text) {
  CB_ASSERT(text.size() <= text_bytes_max);
  to.push_back(static_cast<std::uint8_t>(text.size()));
  to.insert(to.end(), text.begin(), text.end());
}

// Takes what it reads off the front.
struct Reader {
  ByteView left;
  bool good = true;

  ByteView take(std::size_t count) {
    good = good && left.size() >= count;
    if (!good) return {};
    const auto taken = left.subspan(0, count);
    left = left.subspan(count);
    return taken;
  }
  std::uint8_t byte() {
    const auto taken = take(1);
    return taken.empty() ? 0 : taken[0];
  }
  // Of what may stand in a name and in an address.
  std::string text() {
    const auto taken = take(byte());
    good =
        good && !taken.empty() && std::all_of(taken.begin(), taken.end(), [](auto c) { return c > 0x20 && c < 0x7f; });
    return {taken.begin(), taken.end()};
  }
};

} // namespace

std::vector<std::uint8_t> encode(const Announcement& announcement) {
  std::vector<std::uint8_t> out(magic.begin(), magic.end());
  out.push_back(version);
  out.push_back(announcement.looking ? looking_flag : 0);
  out.insert(out.end(), announcement.identity.bytes.begin(), announcement.identity.bytes.end());
  append(out, announcement.name);
  append(out, announcement.address.host);
  out.push_back(static_cast<std::uint8_t>(announcement.address.port >> 8));
  out.push_back(static_cast<std::uint8_t>(announcement.address.port & 0xff));
  return out;
}

std::optional<Announcement> decode_announcement(ByteView datagram) {
  Reader reader{datagram};
  Announcement out;
  const auto head = reader.take(magic.size());
  if (!reader.good || !std::equal(head.begin(), head.end(), magic.begin()) || reader.byte() != version)
    return std::nullopt;
  const auto flags = reader.byte();
  out.looking = flags == looking_flag;
  const auto identity = reader.take(out.identity.bytes.size());
  if (!reader.good || flags > looking_flag) return std::nullopt;
  std::copy(identity.begin(), identity.end(), out.identity.bytes.begin());
  out.name = reader.text();
  out.address.host = reader.text();
  const auto port = reader.take(2);
  if (!reader.good || !reader.left.empty()) return std::nullopt;
  out.address.port = static_cast<std::uint16_t>(port[0] << 8 | port[1]);
  if (out.address.port == 0) return std::nullopt;
  return out;
}

} // namespace callboard
