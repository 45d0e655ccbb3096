#pragma once

#include <sys/stat.h>

namespace pbfs {

/// Whether a file with a secret is as closed as it has to be: its owner's alone; where root owns it a group may read it, as libpq has it. So
/// Kubernetes mounts Secrets: root's, readable to the group of the pod.
inline bool IsPrivate(const struct stat& info) {
  const mode_t open_to_others = info.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  return (info.st_mode & open_to_others) == 0;
}

}  // namespace pbfs
