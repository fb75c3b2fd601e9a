// The promise of a single node: what was acknowledged survives a power cut, and what
// is found afterwards is whole. See README.md for what a cut may do.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <ranges>
#include <string>

#include "tests/powercut/campaign.h"

namespace callboard::powercut {
namespace {

constexpr int findings_shown = 5; // of one history

// A number from the environment; a run prints what repeats it.
std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const auto* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string describe(const Finding& finding) {
  return finding.what + " (POWERCUT_SEED=" + std::to_string(finding.seed) +
         " POWERCUT_AT=" + std::to_string(finding.cut) + ")";
}

std::string describe(const Coverage& c) {
  const auto part = [](int count, const char* what) { return std::to_string(count) + " " + what + ", "; };
  return part(c.appends, "appends") + part(c.rolls, "rolls") + part(c.truncations, "truncations") +
         part(c.truncations_across_a_roll, "of them across a roll") +
         part(c.segments_dropped_by_retention, "segments dropped by retention") +
         part(c.segments_compacted, "segments compacted") + part(c.votes, "votes") + part(c.deletions, "deletions") +
         std::to_string(c.restarts) + " restarts";
}

// Runs histories under `sabotage` until a cut shows it, in these words.
void check_is_found(Sabotage sabotage, const std::string& words) {
  constexpr std::uint64_t histories = 4;
  const auto seed = setting("POWERCUT_SEED", 1);
  const auto shows_it = [&](const Finding& finding) { return finding.what.find(words) != std::string::npos; };
  bool found = false;
  for (std::uint64_t i = 0; i < histories && !found; ++i) {
    const auto outcome = run({.seed = seed + i, .sabotage = sabotage, .until = shows_it});
    const auto finding = std::ranges::find_if(outcome.findings, shows_it);
    found = finding != outcome.findings.end();
    if (found) BOOST_TEST_MESSAGE("found: " << describe(*finding));
  }
  BOOST_TEST(found);
}

} // namespace

BOOST_AUTO_TEST_SUITE(storage)

BOOST_AUTO_TEST_CASE(what_was_acknowledged_survives_a_power_cut_anywhere) {
  constexpr std::uint64_t cuts_per_history = 250;
  const auto cuts = setting("POWERCUT_CUTS", 2000);
  const auto* only = std::getenv("POWERCUT_AT");
  auto seed = setting("POWERCUT_SEED", 1);
  Coverage coverage;
  for (std::uint64_t done = 0; done < cuts; done += cuts_per_history, ++seed) {
    Campaign campaign{.seed = seed, .cuts = std::min(cuts_per_history, cuts - done)};
    if (only != nullptr) campaign.only_cut = setting("POWERCUT_AT", 0);
    const auto outcome = run(campaign);
    BOOST_TEST_MESSAGE("seed " << seed << ": " << outcome.operations << " operations, " << outcome.cuts << " cuts");
    for (const auto& finding : outcome.findings | std::views::take(findings_shown)) BOOST_ERROR(describe(finding));
    BOOST_TEST(outcome.findings.size() == 0U);
    BOOST_TEST(outcome.cuts > 0U);
    if (only != nullptr) return;
    coverage += outcome.coverage;
  }
  BOOST_TEST_MESSAGE("cut through " << describe(coverage));
  for (const int count : {coverage.appends, coverage.rolls, coverage.truncations, coverage.truncations_across_a_roll,
                          coverage.segments_dropped_by_retention, coverage.segments_compacted, coverage.votes,
                          coverage.deletions, coverage.restarts}) {
    BOOST_TEST(count > 0);
  }
}

BOOST_AUTO_TEST_CASE(a_reply_before_the_flush_is_found) {
  check_is_found(Sabotage::reply_before_flush, "none of the");
}

BOOST_AUTO_TEST_CASE(a_roll_that_does_not_sync_the_old_segment_is_found) {
  check_is_found(Sabotage::roll_without_sync, "group ");
}

BOOST_AUTO_TEST_CASE(a_vote_that_is_not_synced_is_found) {
  check_is_found(Sabotage::vote_not_synced, "vote lost");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::powercut
