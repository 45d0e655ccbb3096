#pragma once

/// How the local cluster runs Patroni: Debian's, with one mend.
namespace pbfs::local {

/// A program in Python that takes the arguments of `patroni`.
///
/// Over etcd v3, up to 3.0.2 (which Debian 12 has), a primary that finds its lease expired writes the leader's key again
/// without asking whose it is by now (mended in 3.0.3: https://github.com/patroni/patroni/pull/2689). What it knows of the key
/// is what its watch told it last, so a primary that was frozen for longer than the lease took the key from its successor when
/// it woke up; the successor followed it, and lost what it had acknowledged meanwhile. Here the key is written only if it is
/// the one that was read.
inline constexpr char kPatroniGuard[] = R"(#!/usr/bin/python3
import sys

from patroni.__main__ import main
from patroni.dcs import catch_return_false_exception, etcd3
from patroni.version import __version__


@catch_return_false_exception
def update_leader(self):
    retry = self._retry.copy()

    def again(*args, **kwargs):
        return retry(*args, retry=retry, **kwargs)

    self._run_and_handle_exceptions(self._do_refresh_lease, True, retry=again)
    leader = self.cluster and self.cluster.leader
    if not leader or not self._lease:
        return False
    if leader.session == self._lease:
        return True
    return bool(self._run_and_handle_exceptions(self._client.put, self.leader_path, self._name, self._lease,
                                                None, leader.index, retry=again))


if tuple(int(part) for part in __version__.split('.')[:3]) < (3, 0, 3):
    etcd3.Etcd3._update_leader = update_leader

if __name__ == '__main__':
    sys.exit(main())
)";

}  // namespace pbfs::local
