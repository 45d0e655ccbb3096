"""Drains a store of a local cluster and takes it back, under load, and measures what that moves.

What must come out: at most 1.15 times what had to move. To drain, that is what the store held; to take it back, its share (1 of 8)
of what all stores hold. The store gets empty, and every byte reads back.
"""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from lose_store import BUCKET, await_troubles, done, fill, load, wrong_name

STORE, MOST = 3, 1.15
MIB = 1 << 20


def stores(cluster):
    return {store['id']: store for store in cluster.ask('cluster', 'stores')['stores']}


class Load:
    """Patches, over and over, until it is left. The first error is raised then."""

    def __init__(self, cluster):
        self.cluster, self.rounds, self.error, self.stop = cluster, 0, None, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.stop.is_set():
                load(self.cluster)
                self.rounds += 1
        except SystemExit as error:
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        if self.error:
            raise self.error


def await_empty(cluster, patience):
    deadline = time.monotonic() + patience
    while stores(cluster)[STORE]['fragments'] > 0:
        if time.monotonic() > deadline:
            return f'store {STORE} still holds {stores(cluster)[STORE]["fragments"]} fragments after {patience} s'
        time.sleep(1)
    return None


def moved(cluster, command, ideal_of, expected):
    """(bytes the repairer wrote / those that had to move, failure) for a change of membership."""
    ideal, before, began = ideal_of(stores(cluster)), done(cluster, 'bytes_written'), time.monotonic()
    cluster.must('cluster', command, str(STORE))
    failure = await_troubles(cluster, expected, 1800)
    written = done(cluster, 'bytes_written') - before
    print(f'{command} store {STORE}: {ideal / MIB:.0f} MiB had to move, {written / MIB:.0f} MiB were written in '
          f'{time.monotonic() - began:.0f} s: {written / ideal:.3f}', flush=True)
    return written / ideal, failure


def run(cluster, rng, directory, gib):
    cluster.configure('repairer', intervalMs='1000', oldCopiesMs='5000')
    cluster.must('bucket', 'create', BUCKET)
    sums, _ = fill(cluster, rng, directory, gib)
    failure = await_troubles(cluster, [], 300)
    if failure:
        return failure
    with Load(cluster) as foreground:
        out, failure = moved(cluster, 'drain', lambda all: all[STORE]['live'], [f'store {STORE} is draining'])
        failure = failure or await_empty(cluster, 600)
        if failure:
            return failure
        back, failure = moved(cluster, 'uncordon', lambda all: sum(store['live'] for store in all.values()) / len(all), [])
        if failure:
            return failure
    print(f'{foreground.rounds} rounds of load beside it', flush=True)
    with ThreadPoolExecutor(6) as pool:
        wrong = [name for name in pool.map(lambda item: wrong_name(cluster, *item), sums.items()) if name]
    if wrong:
        return f'these read otherwise: {wrong[:5]}'
    print(f'all {len(sums)} objects read back', flush=True)
    return None if max(out, back) <= MOST else f'more than {MOST} times what had to move'
