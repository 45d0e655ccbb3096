"""Kills a random process of a local cluster with SIGKILL at a random moment, under load, again and again.

Each round: four writers patch one object through the command line; meanwhile one process (a store, a catalog, PostgreSQL, the
garbage collector or a writer itself) is killed and started again, and the collector, which is in a hurry, deletes what was patched
over. Then every acknowledged patch must be in the object's history at the order that
was acknowledged, and the object must read as those patches say, applied in the order that the catalog reports. A patch
whose outcome is unknown may be there or not, but if it is, whole.
"""
import json
import random
import signal
import subprocess
import threading
import time

SIZE = 1 << 20
WRITERS = 4
PATCHES = 3  # of each writer in a round
GRACE_MS = 30_000  # longer than a command reads; bodies of the first rounds go while later ones run


class Patch:
    def __init__(self, offset, data):
        self.offset, self.data, self.acknowledged = offset, data, None  # (hlc, wid) once acknowledged
        self.process = None


class Round:
    """One round of writers; what they were told."""

    def __init__(self, cluster, rng):
        self.cluster, self.patches, self.lock = cluster, [], threading.Lock()
        self.threads = [threading.Thread(target=self.write, args=(random.Random(rng.random()),)) for _ in range(WRITERS)]

    def write(self, rng):
        for _ in range(PATCHES):
            size = int(2 ** rng.uniform(0, 18))
            patch = Patch(rng.randrange(SIZE - size), rng.randbytes(size))
            with self.lock:
                self.patches.append(patch)
            self.send(patch)

    def send(self, patch):
        command = [self.cluster.pbfs, 'patch', '--json', '--timeout', '20s', '--offset', str(patch.offset), '-', 'crash/object']
        patch.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                         env=self.cluster.env)
        out, _ = patch.process.communicate(patch.data)
        if patch.process.returncode == 0:
            order = json.loads(out)['order']
            patch.acknowledged = (order['hlc'], order['wid'])

    def kill_a_writer(self):
        with self.lock:
            running = [p.process for p in self.patches if p.process and p.process.poll() is None]
        if running:
            random.choice(running).send_signal(signal.SIGKILL)


class Judge:
    """What the object must be: all patches so far, in the order of the catalog."""

    def __init__(self):
        self.known, self.doubtful = {}, []
        self.order = []

    def check(self, cluster, patches):
        for patch in patches:
            if patch.acknowledged:
                self.known[patch.acknowledged] = patch
            else:
                self.doubtful.append(patch)
        ops = cluster.ask('history', '--limit', '1000000', 'crash/object')['ops']
        writes = sorted((op['hlc'], op['wid'], op['begin'], op['end']) for op in ops if op['kind'] == 'WRITE')
        seen = {(hlc, wid): (begin, end) for hlc, wid, begin, end in writes}
        for order, patch in self.known.items():
            if seen.get(order) != (patch.offset, patch.offset + len(patch.data)):
                return f'acknowledged patch at {patch.offset} with order {order} is gone or moved'
        for order in self.order:
            if order not in seen:
                return f'order {order} was in the history and is gone'
        actual = cluster.must('get', 'crash/object', '-')
        return self.compare(writes, actual)

    def compare(self, writes, actual):
        expected = bytearray()
        for hlc, wid, begin, end in writes:
            patch = self.known.get((hlc, wid)) or self.resolve((hlc, wid), begin, end)
            if patch is None:
                return f'a write at [{begin}, {end}) that nobody made'
            if len(expected) < end:
                expected.extend(bytes(end - len(expected)))
            expected[begin:end] = patch.data
        self.order = [(hlc, wid) for hlc, wid, _, _ in writes]
        return None if bytes(expected) == actual else 'the object reads otherwise than its history says'

    def resolve(self, order, begin, end):
        for patch in self.doubtful:
            if (patch.offset, patch.offset + len(patch.data)) == (begin, end):
                self.doubtful.remove(patch)
                self.known[order] = patch
                return patch
        return None


def play(cluster, judge, rng, names):
    current = Round(cluster, rng)
    for thread in current.threads:
        thread.start()
    time.sleep(rng.uniform(0, 0.3))
    victim = rng.choice(names)
    if victim == 'writer':
        current.kill_a_writer()
    else:
        cluster.local('kill', victim)
        time.sleep(rng.uniform(0, 0.3))
        cluster.local('start', victim)
    for thread in current.threads:
        thread.join()
    return victim, current.patches, judge.check(cluster, current.patches)


def put_first(cluster, judge, rng):
    cluster.must('bucket', 'create', 'crash')
    first = Patch(0, rng.randbytes(SIZE))
    cluster.must('put', '-', 'crash/object', data=first.data)
    ops = cluster.ask('history', 'crash/object')['ops']
    write = next(op for op in ops if op['kind'] == 'WRITE')
    judge.known[(write['hlc'], write['wid'])] = first


def run(cluster, rng, rounds):
    """Prints a line a round and one at the end; returns what was lost, or None."""
    judge, failure, acknowledged, doubtful = Judge(), None, 0, 0
    put_first(cluster, judge, rng)
    cluster.hurry_collector(GRACE_MS, 500)
    names = [name for name in cluster.processes() if name != 'etcd'] + ['writer', 'writer']
    for number in range(1, rounds + 1):
        victim, patches, failure = play(cluster, judge, rng, names)
        done = sum(1 for p in patches if p.acknowledged)
        acknowledged += done
        doubtful += len(patches) - done
        print(f'round {number}: killed {victim}, {done} of {len(patches)} patches acknowledged', flush=True)
        if failure:
            break
    print(f'{acknowledged} patches acknowledged, {doubtful} not; {"LOST" if failure else "none lost"}; '
          f'{cluster.collected()} bodies collected meanwhile')
    return failure
