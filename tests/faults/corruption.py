"""Flips bits and cuts volume files of a local cluster's stores, and reads everything back through the real client.

Each round damages the volumes, reads and verifies every object, and heals. Every other round restarts stores before that, with
a sound, a damaged or no index, so that their recovery meets the damage, and reads and verifies again. What the client says is
held against what was done (corruption_judge.py): never a wrong byte; up to m bad fragments of an encoding decoded around and counted; more are
DATA_LOSS that names the object and the range.
"""
import concurrent.futures
import os

from corruption_judge import (EXIT_DATA_LOSS, EXIT_OK, Outcome, Thing, counted_by_get, counted_by_verify, judge_get, judge_verify)
from volumes import Disks

BUCKET = 'crash'
KINDS = {  # name: sizes, and sizes of patches on it
    'replicated': ([4097, 9000, 16000], []),
    'small': ([16384, 20001, 65536, 100003, 250000], []),
    'large': ([1 << 20, 3_000_017], []),
    'sha': ([70000, 500_000], []),
    'patched': ([400_000, 200_000], [50_000, 30_000, 6000, 100]),
}
READERS = 3     # commands at a time
ATTEMPTS = 5    # at what the load of the machine may explain
FLIPS_A_ROUND, TRUNCATIONS_A_ROUND = 50, 5  # half of all fragments are hit: some objects beyond what m can bear, some not


class Tally:
    def __init__(self):
        self.rounds = self.flips = self.truncations = self.restarts = 0
        self.reads = self.around = self.counted = self.losses = self.verifies = self.verified_bad = 0

    def count(self, read, verified):
        counted = counted_by_get(read)
        self.reads += 1
        self.around += read.exit_code == EXIT_OK and counted > 0
        self.counted += counted
        self.losses += read.exit_code == EXIT_DATA_LOSS
        self.verifies += 1
        self.verified_bad += counted_by_verify(verified)

    def __str__(self):
        return (f'{self.rounds} rounds, {self.flips} flips, {self.truncations} truncations, {self.restarts} restarts of stores; '
                f'{self.reads} reads: {self.around} decoded around {self.counted} fragments counted bad, '
                f'{self.losses} DATA_LOSS; {self.verifies} verifies: {self.verified_bad} fragments counted bad')

    def shows_nothing(self):
        """What never happened, so that the run says nothing about it; or None."""
        for what, count in (('a read decoded around damage', self.around), ('a read met DATA_LOSS', self.losses),
                            ('verify found damage', self.verified_bad), ('a store was restarted', self.restarts)):
            if count == 0:
                return f'it never happened that {what}: more rounds, or another seed'
        return None


def outcome_of(done):
    return Outcome(done.returncode, done.stdout, done.stderr)


# ---- objects -------------------------------------------------------------------------------------------------------------


def put_objects(cluster, rng):
    """{name: content}, all of whose fragments are sound."""
    cluster.must('bucket', 'create', BUCKET)
    cluster.must('bucket', 'create', BUCKET + '-sha', '--integrity', 'sha256')
    contents = {}
    for kind, (sizes, patches) in KINDS.items():
        if contents:
            restart(cluster, cluster.stores(), lambda number: None)  # so that each store has several volumes
        for size in sizes:
            name = f'{BUCKET}-sha/{size}' if kind == 'sha' else f'{BUCKET}/{kind}-{size}'
            contents[name] = put_one(cluster, rng, name, size, patches)
    return contents


def restart(cluster, numbers, meanwhile):
    """Kills these stores and starts them again; calls meanwhile(number) while they are down."""
    for number in numbers:
        cluster.local('kill', f'store-{number}')
        meanwhile(number)
    cluster.local('up')


def put_one(cluster, rng, name, size, patches):
    """A fragment that came late is recorded as missing and left to the repairer: then the object is put again."""
    for _ in range(ATTEMPTS):
        content = bytearray(rng.randbytes(size))
        cluster.must('put', '-', name, data=bytes(content))
        for length in patches:
            at, patch = rng.randrange(size - length), rng.randbytes(length)
            cluster.must('patch', '--offset', str(at), '-', name, data=patch)
            content[at:at + length] = patch
        if cluster.run('verify', name).returncode == 0:
            return bytes(content)
    raise SystemExit(f'{name}: after {ATTEMPTS} puts some fragment is still missing')


def things_of(cluster, contents, fragments):
    things = []
    for name, content in contents.items():
        stat = cluster.ask('stat', '--extents', name)
        extents = [(extent['lo'], extent['hi'], extent['id']) for extent in stat['extents']]
        bodies = {body for _, _, body in extents}
        own = [fragment for fragment in fragments if fragment.body in bodies]
        things.append(Thing(name, stat['object_id'], content, own, extents, whole=len(extents) == 1))
    return things


# ---- rounds --------------------------------------------------------------------------------------------------------------


class Corruption:
    def __init__(self, cluster, rng, vault):
        self.cluster, self.rng, self.tally = cluster, rng, Tally()
        contents = put_objects(cluster, rng)
        stores = cluster.stores()
        cluster.local('down')  # volumes and indexes are whole now
        self.disks = Disks(stores, vault)
        cluster.local('up')
        self.things = things_of(cluster, contents, self.disks.fragments)

    def run(self, flips, truncations):
        """Prints a line a round; returns what went wrong, or None."""
        failure = self.look() or self.check_the_checker()
        while not failure and (self.tally.flips < flips or self.tally.truncations < truncations):
            self.damage(flips, truncations)
            failure = self.look()
            restarted = self.restart_some() if not failure and self.tally.rounds % 2 == 0 else []
            if restarted:
                failure = self.look()
            if failure:
                return failure
            self.heal(restarted)
            self.tally.rounds += 1
            print(self.tally, flush=True)
        return failure or self.look() or self.tally.shows_nothing()

    def damage(self, flips, truncations):
        bits = min(FLIPS_A_ROUND, flips - self.tally.flips)
        cuts = min(TRUNCATIONS_A_ROUND, truncations - self.tally.truncations)
        for _ in range(bits):
            self.disks.flip(self.rng)
        for _ in range(cuts):
            self.disks.truncate(self.rng)
        self.tally.flips += bits
        self.tally.truncations += cuts

    def restart_some(self):
        numbers = self.rng.sample(sorted(self.disks.stores), self.rng.randint(1, len(self.disks.stores)))
        restart(self.cluster, numbers, lambda number: self.disks.spoil_index(number, self.rng))
        self.tally.restarts += len(numbers)
        return numbers

    def heal(self, restarted):
        restart(self.cluster, restarted, self.disks.restore)
        self.disks.heal(restarted)

    def look(self):
        """Reads and verifies every object."""
        with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
            looks = list(readers.map(self.look_at, self.things))
        for read, verified, _ in looks:
            self.tally.count(read, verified)
        return next((finding for _, _, finding in looks if finding), None)

    def look_at(self, thing):
        read, wrong_read = self.ask(judge_get, thing, 'get', '--json', thing.name, '-')
        verified, wrong_verify = self.ask(judge_verify, thing, 'verify', '--json', thing.name)
        return read, verified, wrong_read or wrong_verify

    def ask(self, judge, thing, *command):
        """(outcome, what is wrong with it or None)"""
        for _ in range(ATTEMPTS):
            outcome = outcome_of(self.cluster.run(*command))
            finding = judge(thing, self.disks.wounds, outcome)
            if finding is None or not finding.again:
                break
        return outcome, finding and finding.what

    def check_the_checker(self):
        """A wrong byte, made up here, has to be found in what the real client gave."""
        thing = self.things[0]
        outcome = outcome_of(self.cluster.run('get', '--json', thing.name, '-'))
        wrong = bytearray(outcome.stdout)
        wrong[len(wrong) // 2] ^= 1
        noticed = judge_get(thing, self.disks.wounds, outcome._replace(stdout=bytes(wrong)))
        return None if noticed and 'WRONG BYTES' in noticed.what else 'a wrong byte was not noticed: the checker is broken'


def run(cluster, rng, directory, flips, truncations):
    corruption = Corruption(cluster, rng, os.path.join(directory, 'sound'))
    failure = corruption.run(flips, truncations)
    wrong = 'WRONG BYTES' in failure if failure else 0
    print(f'{corruption.tally}; wrong bytes: {wrong:d}')
    return failure
