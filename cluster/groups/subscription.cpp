#include "cluster/groups/subscription.h"

#include "schema/big_endian.h"

namespace callboard::groups {

bool for_each_topic(ByteView subscription, const std::function<void(std::string_view topic)>& f) {
  if (subscription.size() < 6) return false;
  const auto version = load_big_endian<std::int16_t>(subscription.data());
  const auto count = load_big_endian<std::int32_t>(subscription.data() + 2);
  if (version < 0 || count < 0) return false;
  auto rest = subscription.subspan(6);
  for (std::int32_t i = 0; i < count; ++i) {
    if (rest.size() < 2) return false;
    const auto length = load_big_endian<std::int16_t>(rest.data());
    rest = rest.subspan(2);
    if (length < 0 || static_cast<std::size_t>(length) > rest.size()) return false;
    f(text_of(rest.first(static_cast<std::size_t>(length))));
    rest = rest.subspan(static_cast<std::size_t>(length));
  }
  return true;
}

} // namespace callboard::groups
