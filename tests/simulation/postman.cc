#include "tests/simulation/postman.h"

#include <utility>

namespace pbfs::simulation {

Postman::Postman() : thread_("postman", [this] { Run(); }) {}

Postman::~Postman() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.Join();
}

void Postman::At(MonotonicTime when, std::function<void()> deliver) {
  MutexLock lock(mutex_);
  letters_.emplace(when, std::move(deliver));
  changed_.NotifyAll();
}

void Postman::Run() {
  for (;;) {
    std::function<void()> deliver;
    {
      MutexLock lock(mutex_);
      while (letters_.empty() ? !stopping_ : letters_.begin()->first > MonotonicNow() && !stopping_) {
        changed_.WaitUntil(mutex_, letters_.empty() ? MonotonicTime::max() : letters_.begin()->first);
      }
      if (letters_.empty()) return;
      deliver = std::move(letters_.begin()->second);
      letters_.erase(letters_.begin());
    }
    deliver();
  }
}

}  // namespace pbfs::simulation
