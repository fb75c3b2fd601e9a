#include "storage/mapped_guard.h"

#include <csetjmp>
#include <csignal>
#include <cstring>

#include "schema/assert.h"

namespace callboard::storage {
namespace {

struct Frame {
  MapRange range;
  Frame* outer = nullptr;
  sigjmp_buf jump{};
};

thread_local Frame* innermost = nullptr;
struct sigaction previous_bus;
struct sigaction previous_segv;

void pass_on(int signal, siginfo_t* info, void* context) {
  const auto& previous = signal == SIGBUS ? previous_bus : previous_segv;
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    sigaction(signal, &previous, nullptr); // the faulting instruction runs again and ends the process
  }
}

void on_fault(int signal, siginfo_t* info, void* context) {
  for (auto* frame = innermost; frame != nullptr; frame = frame->outer) {
    if (frame->range.contains(info->si_addr)) {
      innermost = frame;
      siglongjmp(frame->jump, 1);
    }
  }
  pass_on(signal, info, context);
}

// SA_NODEFER: the jump leaves the handler without restoring a signal mask, which
// saves two system calls a guarded call.
void take_over(int signal, struct sigaction& previous) {
  struct sigaction action {};
  struct sigaction replaced {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  CB_ASSERT(sigaction(signal, &action, &replaced) == 0);
  const bool ours = (replaced.sa_flags & SA_SIGINFO) != 0 && replaced.sa_sigaction == on_fault;
  if (!ours) previous = replaced;
}

} // namespace

void install_fault_handlers() {
  take_over(SIGBUS, previous_bus);
  take_over(SIGSEGV, previous_segv);
}

bool run_guarded(const MapRange& range, void (*work)(void*), void* argument) {
  [[maybe_unused]] static const bool installed = (install_fault_handlers(), true);
  Frame frame{range, innermost, {}};
  if (sigsetjmp(frame.jump, 0) != 0) {
    innermost = innermost->outer;
    return false;
  }
  innermost = &frame;
  work(argument);
  innermost = frame.outer;
  return true;
}

void abandon_guarded() {
  CB_ASSERT(innermost != nullptr);
  siglongjmp(innermost->jump, 1);
}

} // namespace callboard::storage
