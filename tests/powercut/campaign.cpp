#include "tests/powercut/campaign.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <iterator>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "tests/powercut/check.h"
#include "tests/powercut/disk.h"
#include "tests/powercut/image.h"
#include "tests/powercut/random.h"

namespace callboard::powercut {
namespace {

constexpr unsigned seconds_per_cut_max = 60;
constexpr double cut_again_chance = 0.25;

// What happens in the process of one cut: the power goes at `cut`, the node starts
// again, and sometimes the power goes once more during that start.
void cut_and_check(Disk& disk, const History& history, Position cut, const std::string& node) {
  Random random((history.seed << 32) ^ cut);
  if (cut < history.operations.size()) disk.interrupt(history.operations[cut]);
  disk.after_cut(random).write_to(node);
  pretend_restarted_machine();
  if (!random.chance(cut_again_chance)) {
    check_restart(node, history.ledger, cut, nullptr);
    return;
  }
  Recorder recorder(node);
  Ledger then;
  {
    const Recording recording(recorder);
    then = check_restart(node, history.ledger, cut, &recorder);
  }
  const auto& log = recorder.log();
  const auto again = random.between(recorder.first_position(), log.size());
  Disk restarted;
  for (Position at = 0; at < again; ++at) restarted.apply(log[at]);
  if (again < log.size()) restarted.interrupt(log[again]);
  restarted.after_cut(random).write_to(node);
  try {
    check_restart(node, then, again, nullptr);
  } catch (const Violation& violation) {
    throw Violation("cut again during the restart: " + std::string(violation.what()));
  }
}

// Processes that each run one cut; a sentence comes back through a pipe, none is good news.
class CutProcesses {
public:
  explicit CutProcesses(std::vector<Finding>& findings) : findings_(findings) {}
  ~CutProcesses() {
    while (!running_.empty()) collect();
  }
  CutProcesses(const CutProcesses&) = delete;

  void start(std::uint64_t seed, Position cut, const std::function<void()>& work) {
    if (running_.size() >= std::max(1U, std::thread::hardware_concurrency())) collect();
    int ends[2];
    CB_ASSERT(pipe(ends) == 0);
    const auto pid = fork();
    CB_ASSERT(pid >= 0);
    if (pid == 0) run_in_child(ends[1], work);
    close(ends[1]);
    running_.push_back({seed, cut, pid, ends[0]});
  }

private:
  struct Process {
    std::uint64_t seed;
    Position cut;
    pid_t pid;
    int output;
  };

  [[noreturn]] static void run_in_child(int output, const std::function<void()>& work) {
    alarm(seconds_per_cut_max);
    try {
      work();
    } catch (const std::exception& failure) {
      const auto size = std::strlen(failure.what());
      _exit(write(output, failure.what(), size) == static_cast<ssize_t>(size) ? 1 : 2);
    }
    _exit(0);
  }

  void collect() {
    const auto process = running_.front();
    running_.pop_front();
    std::string what;
    char buffer[4096];
    for (ssize_t size = 0; (size = read(process.output, buffer, sizeof buffer)) > 0;) {
      what.append(buffer, static_cast<std::size_t>(size));
    }
    close(process.output);
    int status = 0;
    CB_ASSERT(waitpid(process.pid, &status, 0) == process.pid);
    if (WIFSIGNALED(status)) what = "the node ended by signal " + std::to_string(WTERMSIG(status));
    if (status != 0) findings_.push_back({process.seed, process.cut, what});
  }

  std::vector<Finding>& findings_;
  std::deque<Process> running_;
};

// Cut points, one at random in each of equal parts of the history, in order.
std::vector<Position> choose_cuts(const Campaign& campaign, const History& history) {
  if (campaign.only_cut) return {*campaign.only_cut};
  Random random(campaign.seed);
  std::vector<Position> cuts;
  const auto length = history.operations.size() - history.first + 1;
  for (std::size_t i = 0; i < campaign.cuts; ++i) {
    const auto from = length * i / campaign.cuts;
    const auto to = std::max(from + 1, length * (i + 1) / campaign.cuts);
    cuts.push_back(history.first + random.between(from, to - 1));
  }
  return cuts;
}

} // namespace

Outcome run(const Campaign& campaign) {
  Outcome outcome;
  History history;
  {
    const ScratchDirectory scratch;
    history = run_workload(scratch.path(), campaign.seed, campaign.sabotage);
  }
  outcome.operations = history.operations.size();
  outcome.coverage = history.coverage;
  const ScratchDirectory scratch; // of the cuts: not theirs to remove, since they may crash
  Disk disk;
  Position at = 0;
  CutProcesses processes(outcome.findings);
  for (const auto cut : choose_cuts(campaign, history)) {
    if (campaign.until && std::ranges::any_of(outcome.findings, campaign.until)) break;
    while (at < cut) disk.apply(history.operations[at++]);
    const auto node = scratch.path() + "/" + std::to_string(outcome.cuts++);
    processes.start(campaign.seed, cut, [&] {
      cut_and_check(disk, history, cut, node);
      std::filesystem::remove_all(node);
    });
  }
  return outcome;
}

} // namespace callboard::powercut
