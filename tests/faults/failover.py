"""Kills the primary of PostgreSQL under load, with its Patroni, and measures how long nobody can write or read.

Each round: writers patch one object and readers read it, through the command line, one call after another. Once they are at work
the primary gets SIGKILL; when writes are acknowledged again and have been for a while, it is started again and follows the new one.
Then the object must hold all that was acknowledged (kills.Judge). Two times are measured, both by the clock of this program:

  write  from the kill to the first acknowledgement of a patch that was sent after it, or in doubt at that time
  read   the longest time from the end of one good read to the end of the next, of any one reader, from the kill on; a reader asks
         again after 1 s at most, so a read that waits counts like one that fails
"""
import random
import statistics
import threading
import time

from kills import Judge, Patch, put_first, SIZE

WRITERS, READERS = 3, 2
WARM_UP_S, AFTER_S, PATIENCE_S = 3, 5, 120


class Load:
    """Writers and readers until it is stopped."""

    def __init__(self, cluster, rng):
        self.cluster, self.patches, self.lock, self.stopped = cluster, [], threading.Lock(), threading.Event()
        self.reads = [[] for _ in range(READERS)]  # times of the ends of good reads
        self.failed_reads, self.why = 0, ''
        self.threads = [threading.Thread(target=self.write, args=(random.Random(rng.random()),)) for _ in range(WRITERS)]
        self.threads += [threading.Thread(target=self.read, args=(times,)) for times in self.reads]
        for thread in self.threads:
            thread.start()

    def write(self, rng):
        while not self.stopped.is_set():
            size = int(2 ** rng.uniform(0, 17))
            patch = Patch(rng.randrange(SIZE - size), rng.randbytes(size))
            with self.lock:
                self.patches.append(patch)
            order = self.cluster.patch('crash/object', patch.offset, patch.data, f'{PATIENCE_S}s')
            patch.at = time.monotonic()
            patch.acknowledged = order

    def read(self, times):
        while not self.stopped.is_set():
            done = self.cluster.run('--timeout', '1s', 'cat', '--range', '0+4096', 'crash/object')
            if done.returncode == 0:
                times.append(time.monotonic())
            else:
                self.failed_reads, self.why = self.failed_reads + 1, done.stderr.decode().splitlines()[0]

    def first_acknowledged(self, since):
        with self.lock:
            done = [p.at for p in self.patches if p.acknowledged and p.at > since]
        return min(done, default=None)

    def longest_without_read(self, since):
        longest = 0
        for times in self.reads:
            after = [since] + [at for at in times if at > since]
            longest = max([longest] + [b - a for a, b in zip(after, after[1:])])
        return longest

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def await_write(load, since):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        at = load.first_acknowledged(since)
        if at:
            return at
        time.sleep(0.02)
    raise SystemExit(f'no patch was acknowledged within {PATIENCE_S} s')


def play(cluster, judge, rng):
    """One round; the two times, and what was lost."""
    load = Load(cluster, rng)
    try:
        time.sleep(WARM_UP_S)
        victim = cluster.primary()
        cluster.local('kill', victim)
        killed = time.monotonic()
        # What was acknowledged in the moment of the kill says nothing.
        write_s = await_write(load, killed + 0.5) - killed
        time.sleep(AFTER_S)
        cluster.local('start', victim)
        time.sleep(AFTER_S)
        read_s = load.longest_without_read(killed)
    finally:
        load.stop()
    print(f'killed {victim}: written again after {write_s:.1f} s; longest time without a read {read_s:.1f} s; '
          f'{sum(1 for p in load.patches if p.acknowledged)} of {len(load.patches)} patches acknowledged, '
          f'{load.failed_reads} reads failed{", at last: " + load.why if load.why else ""}', flush=True)
    return write_s, read_s, judge.check(cluster, load.patches)


def run(cluster, rng, rounds):
    """Prints a line a round and one at the end; returns what was lost, or None."""
    judge, failure, times = Judge(), None, []
    put_first(cluster, judge, rng)
    for _ in range(rounds):
        write_s, read_s, failure = play(cluster, judge, rng)
        times.append((write_s, read_s))
        if failure:
            break
    writes, reads = zip(*times)
    print(f'{len(times)} failovers, {"LOST" if failure else "nothing acknowledged was lost"}: written again after '
          f'{statistics.median(writes):.1f} s ({min(writes):.1f} to {max(writes):.1f}); longest time without a read '
          f'{statistics.median(reads):.1f} s ({min(reads):.1f} to {max(reads):.1f})')
    return failure
