#include "libs/base/testing.h"
