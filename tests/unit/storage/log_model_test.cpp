// One model test: the log on disk and the simulator's log get the same random operations
// and must look alike after each. A failing case is shrunk to few operations and printed
// with its seed; more of them by hand: RC_PARAMS="max_success=2000 max_size=300".
#include <array>
#include <cstdlib>
#include <ostream>

#include <rapidcheck/boost_test.h>

#include "log_pair.h"

namespace callboard::storage {
namespace {

// What happens, with two free numbers whose meaning depends on it and on how far the logs
// have come: so any part of a sequence is a sequence, which lets it be shrunk.
struct Operation {
  enum class Kind : std::uint8_t {
    append,
    append_other, // entries that are no batches
    state,
    truncate,
    replace,
    reset,
    misfit,
    commit,
    log_start,
    hard_state,
    roll,
    background,
    sync,
    durability,
    reopen,
    crash,
    power_cut,
  };
  Kind kind = Kind::append;
  std::uint32_t size = 0;
  std::uint32_t choice = 0;
};

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  constexpr std::array names{"append", "append_other", "state",     "truncate",   "replace",  "reset",
                             "misfit", "commit",       "log_start", "hard_state", "roll",     "background",
                             "sync",   "durability",   "reopen",    "crash",      "power_cut"};
  return out << names.at(static_cast<std::size_t>(operation.kind)) << " " << operation.size << " " << operation.choice;
}

rc::Gen<Operation> any_operation() {
  using Kind = Operation::Kind;
  const auto kinds = rc::gen::weightedElement<Kind>({
      {30, Kind::append},
      {6, Kind::append_other},
      {12, Kind::state},
      {6, Kind::truncate},
      {6, Kind::replace},
      {1, Kind::reset},
      {4, Kind::misfit},
      {12, Kind::commit},
      {6, Kind::log_start},
      {3, Kind::hard_state},
      {3, Kind::roll},
      {12, Kind::background},
      {4, Kind::sync},
      {1, Kind::durability},
      {3, Kind::reopen},
      {4, Kind::crash},
      {3, Kind::power_cut},
  });
  return rc::gen::build<Operation>(rc::gen::set(&Operation::kind, kinds),
                                   rc::gen::set(&Operation::size, rc::gen::inRange<std::uint32_t>(0, 1000)),
                                   rc::gen::set(&Operation::choice, rc::gen::inRange<std::uint32_t>(0, 1000)));
}

void perform(LogPair& logs, const Operation& operation) {
  const auto [kind, size, choice] = operation;
  switch (kind) {
  case Operation::Kind::append: return logs.append(size, choice);
  case Operation::Kind::append_other: return logs.append_other(choice);
  case Operation::Kind::state: return logs.write_state(size, choice);
  case Operation::Kind::truncate: return logs.truncate(choice);
  case Operation::Kind::replace: return logs.replace(size, choice);
  case Operation::Kind::reset: return logs.reset(size, choice);
  case Operation::Kind::misfit: return logs.write_misfit(size, choice);
  case Operation::Kind::commit: return logs.commit();
  case Operation::Kind::log_start: return logs.move_log_start(choice);
  case Operation::Kind::hard_state: return logs.store_hard_state(size, choice);
  case Operation::Kind::roll: return logs.roll();
  case Operation::Kind::background: return logs.run_background_step();
  case Operation::Kind::sync: return logs.sync();
  case Operation::Kind::durability: return logs.change_durability();
  case Operation::Kind::reopen: return logs.stop_and_start();
  case Operation::Kind::crash: return logs.crash();
  case Operation::Kind::power_cut: return logs.cut_power();
  }
}

BOOST_AUTO_TEST_SUITE(log_model)

BOOST_AUTO_TEST_CASE(the_log_on_disk_and_the_simulators_log_are_one) {
  ::setenv("RC_PARAMS", "seed=1 max_success=300", 0);
  rc::detail::checkBoostTest([] {
    const bool interval = *rc::gen::arbitrary<bool>();
    LogPair logs(interval ? Durability::interval : Durability::fsync);
    for (const auto& operation : *rc::gen::container<std::vector<Operation>>(any_operation())) {
      perform(logs, operation);
      logs.compare();
    }
    logs.finish();
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
