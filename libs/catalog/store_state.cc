#include "libs/catalog/store_state.h"

namespace pbfs {

const char* NameOf(StoreState state) {
  switch (state) {
    case StoreState::kJoining: return "joining";
    case StoreState::kUp: return "up";
    case StoreState::kSuspect: return "suspect";
    case StoreState::kDown: return "down";
    case StoreState::kDraining: return "draining";
    case StoreState::kGone: return "gone";
  }
  return "unknown";
}

}  // namespace pbfs
