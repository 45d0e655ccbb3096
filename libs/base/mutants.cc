#include "libs/base/mutants.h"

#if PBFS_MUTANTS

namespace pbfs {
namespace {

Mutant active = Mutant::kNone;

}  // namespace

bool IsMutant(Mutant mutant) { return active == mutant; }
void ActivateMutant(Mutant mutant) { active = mutant; }

}  // namespace pbfs

#endif
