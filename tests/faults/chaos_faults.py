"""What a chaos run does to a cluster: faults, each of which begins, lasts, and ends. Which, to whom and for how long,
the seed says.

Several run at a time. Two never touch the same thing (`touches`), for then the end of one would end the other; and
whatever PostgreSQL's members or etcd are part of is one thing, for two of these at once are more than what three
members are made for.
"""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import chaos_cluster

COORDINATION = 'PostgreSQL and etcd'
HURT = {'kill-store', 'freeze-store', 'full-disk'}
MOST_STORES = 2  # that are killed, frozen or full at a time: m of the bucket. Any number may be out of reach


class Fault:
    """One fault. `begin` and `end` return None or what went wrong."""

    def __init__(self, kind, what, touches, seconds, begin, end=lambda: None):
        self.kind, self.what, self.touches, self.seconds = kind, what, frozenset(touches), seconds
        self.begin, self.end = begin, end

    def __str__(self):
        return f'{self.kind}: {self.what}'


class Faults:
    """Makes them, at random."""

    def __init__(self, cluster, rng, client_pid):
        self.cluster, self.rng, self.client_pid = cluster, rng, client_pid
        self.stores = [f'store-{i}' for i in range(1, chaos_cluster.STORES + 1)]
        self.catalogs = [f'catalog-{i}' for i in range(1, chaos_cluster.CATALOGS + 1)]
        self.members = [f'postgres-{i}' for i in range(1, chaos_cluster.MEMBERS + 1)]
        self.keepers = ['garbage-collector', 'repairer']
        self.makers = {
            'kill-store': (self.kill_store, 6),
            'kill-catalog': (self.kill_catalog, 4),
            'kill-keeper': (self.kill_keeper, 3),
            'kill-client': (self.kill_client, 6),
            'freeze-store': (self.freeze_store, 5),
            'freeze-catalog': (self.freeze_catalog, 4),
            'freeze-keeper': (self.freeze_keeper, 2),
            'freeze-client': (self.freeze_client, 3),
            'delay': (self.delay, 5),
            'loss': (self.loss, 5),
            'cut-store': (self.cut_store, 4),
            'cut-catalog': (self.cut_catalog, 4),
            'cut-many': (self.cut_many, 2),
            'cut-database': (self.cut_database, 2),
            'full-disk': (self.fill_disk, 4),
            'failover-kill': (self.kill_primary, 3),
            'failover-freeze': (self.freeze_primary, 2),
            'kill-standby': (self.kill_standby, 2),
            'etcd-down': (self.kill_etcd, 2),
            'clock-store': (self.step_store, 2),
            'clock-client': (self.step_client, 2),
            'clock-database': (self.step_database, 1),
        }

    def make(self, kinds):
        """A Fault of one of these kinds; None if it cannot be had now."""
        makers = [self.makers[kind] for kind in kinds]
        return self.rng.choices([make for make, _ in makers], [weight for _, weight in makers])[0]()

    def seconds(self, lo, hi):
        return round(self.rng.uniform(lo, hi), 1)

    # ---- processes -------------------------------------------------------------------------------

    def kill(self, kind, name, seconds, touches=()):
        return Fault(
            kind,
            name,
            [name, *touches],
            seconds,
            lambda: self.must(self.cluster.kill(name)),
            lambda: self.cluster.start(name),
        )

    def freeze(self, kind, name, seconds, touches=()):
        return Fault(
            kind,
            name,
            [name, *touches],
            seconds,
            lambda: self.must(self.cluster.kill(name, 'STOP')),
            lambda: self.must(self.cluster.kill(name, 'CONT')),
        )

    @staticmethod
    def must(done):
        return None if done.returncode == 0 else done.stderr.decode()

    def kill_store(self):
        # Now and then for long enough to be replaced.
        long = self.rng.random() < 0.25
        return self.kill(
            'kill-store', self.rng.choice(self.stores), self.seconds(30, 50) if long else self.seconds(0.5, 15)
        )

    def kill_catalog(self):
        return self.kill('kill-catalog', self.rng.choice(self.catalogs), self.seconds(0.5, 15))

    def kill_keeper(self):
        return self.kill('kill-keeper', self.rng.choice(self.keepers), self.seconds(0.5, 10))

    def freeze_store(self):
        return self.freeze('freeze-store', self.rng.choice(self.stores), self.seconds(1, 30))

    def freeze_catalog(self):
        return self.freeze('freeze-catalog', self.rng.choice(self.catalogs), self.seconds(1, 20))

    def freeze_keeper(self):
        return self.freeze('freeze-keeper', self.rng.choice(self.keepers), self.seconds(1, 30))

    def signal_client(self, number, what):
        pid = self.client_pid(number)
        if pid is None:
            return
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            pass  # its driver starts it again

    def client(self):
        number = self.rng.randrange(8)
        return number, f'client {number}', [f'client-{number}']

    def kill_client(self):
        number, what, touches = self.client()
        return Fault('kill-client', what, touches, 0, lambda: self.signal_client(number, signal.SIGKILL))

    def freeze_client(self):
        number, what, touches = self.client()
        return Fault(
            'freeze-client',
            what,
            touches,
            self.seconds(1, 20),
            lambda: self.signal_client(number, signal.SIGSTOP),
            lambda: self.signal_client(number, signal.SIGCONT),
        )

    # ---- PostgreSQL and etcd ---------------------------------------------------------------------

    def kill_primary(self):
        name = self.cluster.primary()
        return name and self.kill('failover-kill', name, self.seconds(14, 30), [COORDINATION])

    def freeze_primary(self):
        name = self.cluster.primary()
        return name and self.freeze('failover-freeze', name, self.seconds(16, 30), [COORDINATION])

    def kill_standby(self):
        primary = self.cluster.primary()
        name = self.rng.choice([member for member in self.members if member != primary])
        return primary and self.kill('kill-standby', name, self.seconds(2, 20), [COORDINATION])

    def kill_etcd(self):
        return self.kill('etcd-down', 'etcd', self.seconds(20, 60), [COORDINATION])

    # ---- the network -----------------------------------------------------------------------------

    def links(self, kind, what, names, touches, seconds, **settings):
        def order(settings):
            for name in names:
                self.cluster.order(name, **settings)

        text = what + ''.join(f', {key} {value}' for key, value in settings.items())
        return Fault(
            kind,
            text,
            [f'link {name}' for name in names] + list(touches),
            seconds,
            lambda: order(settings),
            lambda: order({}),
        )

    def some_links(self):
        """(what, names): those of a store or two, of a catalog to somebody, or of a catalog to PostgreSQL."""
        which = self.rng.randrange(3)
        if which == 0:
            stores = self.rng.sample(self.stores, self.rng.randint(1, 3))
            return ', '.join(stores), stores
        catalog = self.rng.choice(self.catalogs)
        if which == 1:
            side = self.rng.choice(chaos_cluster.SIDES)
            return f'{catalog} and {side}', [f'{catalog}@{side}']
        return f'{catalog} and PostgreSQL', [f'{member}@{catalog}' for member in self.members]

    def delay(self):
        what, names = self.some_links()
        return self.links('delay', what, names, [], self.seconds(5, 30), delay=self.seconds(0.02, 0.5))

    def loss(self):
        what, names = self.some_links()
        return self.links('loss', what, names, [], self.seconds(5, 30), loss=round(self.rng.uniform(0.01, 0.2), 2))

    def how(self):
        return self.rng.choice(['both', 'both', 'answers'])

    def cut_store(self):
        """From everybody, etcd as well: for longer than its lease, or not."""
        name = self.rng.choice(self.stores)
        return self.links('cut-store', name, [name, f'etcd@{name}'], [], self.seconds(3, 40), cut=self.how())

    def cut_catalog(self):
        name = self.rng.choice(self.catalogs)
        sides = self.rng.sample(chaos_cluster.SIDES, self.rng.randint(1, 3))
        return self.links(
            'cut-catalog',
            f'{name} and {", ".join(sides)}',
            [f'{name}@{side}' for side in sides],
            [],
            self.seconds(3, 25),
            cut=self.how(),
        )

    def cut_many(self):
        """More than m: nobody reads what they have, or writes much; and it all comes back."""
        stores = self.rng.sample(self.stores, self.rng.randint(3, 6))
        return self.links('cut-many', ', '.join(stores), stores, [], self.seconds(3, 15), cut='both')

    def cut_database(self):
        name = self.rng.choice(self.catalogs)
        return self.links(
            'cut-database',
            f'{name} and PostgreSQL',
            [f'{member}@{name}' for member in self.members],
            [],
            self.seconds(3, 25),
            cut=self.how(),
        )

    # ---- disks and clocks ------------------------------------------------------------------------

    def fill_disk(self):
        name = f'store-{chaos_cluster.SMALL_STORE}'

        def begin():
            self.cluster.fill_small_disk()

        return Fault('full-disk', name, ['disk ' + name], self.seconds(5, 30), begin, self.cluster.empty_small_disk)

    def step(self, kind, name, most, touches):
        seconds = self.rng.choice([-1, 1]) * self.rng.randint(1, most)
        return Fault(
            kind,
            f'{name}, {seconds:+d} s',
            [f'clock {name}', *touches],
            self.seconds(5, 30),
            lambda: self.cluster.set_clock(name, seconds),
            lambda: self.cluster.set_clock(name, 0),
        )

    def step_store(self):
        return self.step('clock-store', self.rng.choice(self.stores), 600, [])

    def step_client(self):
        return self.step('clock-client', f'client-{self.rng.randrange(8)}', 10, ['clocks'])

    def step_database(self):
        # The primary's clock is that of all catalogs. A client that has seen it ahead has to wait for it afterwards.
        name = self.cluster.primary()
        return name and self.step('clock-database', name, 8, ['clocks', COORDINATION])


class Running:
    """The faults that go on, each in its time. `say` is told of each begin and end; `failed`, of what could not be
    done.
    """

    def __init__(self, say, failed):
        self.say, self.failed = say, failed
        self.faults = []  # [(when it ends, fault)]
        self.ending = []  # [(fault, future)]: to start a PostgreSQL takes a while, and nothing else waits for that
        self.workers = ThreadPoolExecutor(8)
        self.counts = {}

    def all(self):
        return [fault for _, fault in self.faults] + [fault for fault, _ in self.ending]

    def room_for(self, fault):
        if any(fault.touches & other.touches for other in self.all()):
            return False
        return fault.kind not in HURT or sum(other.kind in HURT for other in self.all()) < MOST_STORES

    def begin(self, fault):
        self.say(f'begins {fault}' + (f', for {fault.seconds} s' if fault.seconds else ''))
        self.counts[fault.kind] = self.counts.get(fault.kind, 0) + 1
        problem = fault.begin()
        if problem:
            self.failed(f'{fault} cannot begin: {problem}')
        self.faults.append((time.monotonic() + fault.seconds, fault))

    def end_due(self, all_of_them=False):
        for when, fault in list(self.faults):
            if all_of_them or when <= time.monotonic():
                self.faults.remove((when, fault))
                self.ending.append((fault, self.workers.submit(fault.end)))
        for fault, future in list(self.ending):
            if future.done():
                self.ending.remove((fault, future))
                self.say(f'ended  {fault}')
                if future.result():
                    self.failed(f'{fault} cannot end: {future.result()}')

    def end_all(self):
        self.end_due(all_of_them=True)
        while self.ending:
            self.end_due()
            time.sleep(0.1)
