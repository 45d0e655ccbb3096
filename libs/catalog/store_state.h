#pragma once

#include "libs/catalog/types.h"

namespace pbfs {

/// "joining", "up", "suspect", "down", "draining", "gone": what people and metrics are told of a store's state.
const char* NameOf(StoreState state);

}  // namespace pbfs
