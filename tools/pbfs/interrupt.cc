#include "tools/pbfs/interrupt.h"

#include <signal.h>
#include <unistd.h>

namespace pbfs::cli {
namespace {

const Context* g_context = nullptr;  // set once, before the handler is installed; lives as long as the process

void OnSignal(int signal_number) {
  if (g_context->cancelled()) _exit(128 + signal_number);
  g_context->Cancel();  // a relaxed atomic store: safe here
}

}  // namespace

void CancelOnInterrupt(const Context& context) {
  g_context = new Context(context);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);  // no SA_RESTART: a read of stdin ends, too
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);  // writing to a closed pipe is an error like any other
}

}  // namespace pbfs::cli
