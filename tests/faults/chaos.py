"""A chaos run: eight clients with a mixed load on a real cluster, while everything is done to it that chaos_faults.py
knows.

What must come out: no acknowledged byte lost or changed and no wrong read (each client's driver sees to that,
chaos_load.py), no process that ends or hangs by itself, and when nothing is broken any more: healthy within
HEAL_SECONDS, all of it readable, and when all is deleted, nothing left of it. What the rules keep for a day (orphans
of writes that were broken off, what rehomes replaced) goes when the clocks of the whole cluster are a day further.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import chaos_cluster
import chaos_load
from chaos_cluster import ChaosCluster
from chaos_executor import Died, Executor, Stuck
from chaos_faults import Faults, Running
from chaos_journal import longest_silence, payload, read_journal
from chaos_model import Attempt, judge_history

AT_ONCE = 4  # faults
HEAL_SECONDS = 240
GARBAGE_SECONDS = 240
SILENCE_SECONDS = 180  # with no operation of anybody that succeeds
A_DAY = 25 * 3600
LEFT_BYTES = chaos_cluster.VOLUME_BYTES + (1 << 20)  # of an empty store: the volume that it writes to, reserved whole


class Failure(Exception):
    pass


class Run:
    def __init__(self, build, directory, seed, minutes, only):
        self.build, self.root, self.seed, self.minutes = build, directory, seed, minutes
        self.began = time.monotonic()
        self.log = open(os.path.join(directory, 'chaos.log'), 'a')
        self.cluster = ChaosCluster(build, directory, self.log)
        self.faults = Faults(self.cluster, random.Random(seed), self.client_pid)
        unknown = set(only or ()) - set(self.faults.makers)
        if unknown:
            raise SystemExit(
                f'there is no fault {", ".join(sorted(unknown))}; there are {", ".join(self.faults.makers)}'
            )
        self.kinds = only or list(self.faults.makers)
        self.problems = []
        self.running = Running(self.say, self.problems.append)
        self.drivers = []
        self.took = {}

    def say(self, what):
        print(f'{time.monotonic() - self.began:7.1f}  {what}', flush=True)

    # ---- clients ---------------------------------------------------------------------------------

    def program(self):
        return os.path.join(self.build, 'tests', 'faults', 'pbfs_chaos_client')

    def home(self, number, *names):
        return os.path.join(self.root, f'client-{number}', *names)

    def client_pid(self, number):
        try:
            with open(self.home(number, 'pid')) as file:
                return int(file.read())
        except FileNotFoundError:
            return None

    def start_clients(self):
        self.phase('load')
        for number in range(chaos_load.CLIENTS):
            self.cluster.set_clock(f'client-{number}', 0)
            config = self.cluster.client_configuration('left' if number < chaos_load.CLIENTS // 2 else 'right')
            script = os.path.join(chaos_cluster.HERE, 'chaos_load.py')
            self.drivers.append(
                subprocess.Popen(
                    [sys.executable, '-B', script, self.root, str(number), str(self.seed), self.program(), config],
                    stdin=subprocess.DEVNULL,
                    stderr=self.log,
                    env=dict(os.environ, CHAOS_FAKETIME=chaos_cluster.FAKETIME),
                )
            )

    def phase(self, name):
        path = os.path.join(self.root, 'phase')
        with open(path + '.new', 'w') as file:
            file.write(name)
        os.rename(path + '.new', path)

    def executor(self, **environment):
        """A client process of our own, through addresses without faults."""
        executor = Executor(
            [self.program(), self.cluster.env['PBFS_CONFIG'], chaos_load.BUCKET],
            dict(os.environ, **environment),
            self.log,
        )
        executor.start()
        return executor

    def ask(self, executor, **request):
        try:
            answer, found = executor.call(request, request.pop('data', b''), timeout=60)
        except (Died, Stuck) as error:
            raise Failure(f'{request}: {type(error).__name__}') from None
        if 'code' in answer:
            raise Failure(f'{request}: {answer["message"]}')
        return answer, found

    def make_shared(self):
        executor = self.executor()
        for client in range(0, chaos_load.CLIENTS, 2):
            for name in (chaos_load.blocks_object(client), chaos_load.anywhere_object(client)):
                self.ask(executor, op='put', name=name, data=chaos_load.first_content(name))
        executor.end()

    # ---- the time of faults ----------------------------------------------------------------------

    def look(self):
        """Raises if something is wrong by now."""
        for number, driver in enumerate(self.drivers):
            try:
                with open(self.home(number, 'violation.json')) as file:
                    raise Failure(f'client {number}: {json.load(file)["what"]}')
            except FileNotFoundError:
                pass
            if driver.poll() not in (None, 0):
                raise Failure(f'the driver of client {number} ended with {driver.returncode}; see chaos.log')
        gone = self.cluster.ended_by_themselves()
        if gone:
            raise Failure(f'ended by themselves: {", ".join(gone)}; see cluster/log')
        if self.problems:
            raise Failure('; '.join(self.problems))

    def break_things(self):
        until = time.monotonic() + self.minutes * 60
        next_one = time.monotonic()
        while time.monotonic() < until:
            self.look()
            self.running.end_due()
            if time.monotonic() >= next_one:
                self.try_one(until)
                next_one = time.monotonic() + self.faults.seconds(0.5, 5)
            time.sleep(0.1)
        self.running.end_all()
        self.look()

    def try_one(self, until):
        if len(self.running.all()) >= AT_ONCE:
            return
        fault = self.faults.make(self.kinds)
        if fault and self.running.room_for(fault):
            fault.seconds = min(fault.seconds, max(0.0, round(until - time.monotonic(), 1)))
            self.running.begin(fault)

    # ---- what must come out ----------------------------------------------------------------------

    def timed(self, what, step):
        began = time.monotonic()
        result = step()
        self.took[what] = time.monotonic() - began
        self.say(f'{what}: {self.took[what]:.1f} s')
        return result

    def await_all(self, patience, question):
        """Until `question` has nothing to say."""
        deadline = time.monotonic() + patience
        while True:
            self.look()
            rest = question()
            if not rest:
                return
            if time.monotonic() > deadline:
                raise Failure(f'{patience} s after the last fault: {rest}')
            time.sleep(1)

    def ill(self):
        """What is not as it must be while nothing is broken."""
        processes = self.cluster.look()
        down = [process['name'] for process in processes if not process['ready']]
        if down:
            return f'not ready: {down}'
        roles = sorted(process['role'] for process in processes if process['role'])
        if roles != ['primary', 'standby', 'standby']:
            return f'roles: {roles}'
        status = self.cluster.run('cluster', 'status', '--json')
        if status.returncode != 0:
            return status.stderr.decode()
        return json.loads(status.stdout)['troubles']

    def unfinished(self, file):
        return [
            f'client {number} has not written {file}'
            for number in range(chaos_load.CLIENTS)
            if not os.path.exists(self.home(number, file))
        ]

    def check_clients(self):
        self.await_all(chaos_load.CHECK_SECONDS + 300, lambda: self.unfinished('checked.json'))

    def check_anywhere(self):
        executor = self.executor()
        for client in range(0, chaos_load.CLIENTS, 2):
            name = chaos_load.anywhere_object(client)
            object_id = self.ask(executor, op='find', name=name)[0]['object']
            writes = self.ask(executor, op='history', object=object_id)[0]['writes']
            forged = [write for write in writes if not write[4]]
            content = self.ask(executor, op='read', object=object_id, offset=0, size=2 * chaos_load.LARGEST)[1]
            wrong = judge_history(
                chaos_load.first_content(name), self.attempts(name), [tuple(write[:4]) for write in writes], content
            )
            if wrong or forged:
                raise Failure(f'object {object_id} ({name}): {wrong or forged}')
        executor.end()

    def attempts(self, name):
        found = []
        for client in range(chaos_load.CLIENTS):
            for entry in read_journal(self.home(client, 'journal.jsonl')):
                begin, end = entry.begin, entry.end or {'end': 'doubt'}
                if begin.get('name') != name:
                    continue
                order = (end['hlc'], end['wid']) if end['end'] == 'done' else None
                found.append(
                    Attempt(
                        client,
                        begin['op'],
                        begin['offset'],
                        payload(begin['seed'], begin['size']),
                        order,
                        end['end'] in ('doubt', 'died'),
                    )
                )
        return found

    # ---- garbage ---------------------------------------------------------------------------------

    def remove_all(self):
        self.phase('clean')
        self.await_all(chaos_load.CHECK_SECONDS + 60, lambda: self.unfinished('cleaned.json'))
        executor = self.executor()
        for name in self.ask(executor, op='list', name='')[0]['names']:
            self.ask(executor, op='unbind', name=name)
        executor.end()
        for driver in self.drivers:
            driver.wait(60)

    def stored(self):
        """(fragments, bytes that stores' files take of the disk)"""
        stores = json.loads(self.cluster.must('cluster', 'stores', '--json'))['stores']
        silent = [store['id'] for store in stores if 'fragments' not in store]
        if silent:
            raise Failure(f'stores {silent} do not answer')
        disk = 0
        for name in self.cluster.named('store'):
            for folder, _, files in os.walk(os.path.join(self.cluster.dir, name)):
                disk += sum(os.stat(os.path.join(folder, file)).st_blocks * 512 for file in files)
        return sum(store['fragments'] for store in stores), disk

    def wait_for_garbage(self):
        """What goes within minutes: all bodies, but those that a rehome replaced less than a day ago."""

        def rest():
            waiting = self.cluster.sql(
                "SELECT count(*) FROM pbfs.body b "
                "WHERE NOT EXISTS (SELECT FROM pbfs.garbage g WHERE g.body_id = b.body_id "
                "AND g.since > now())"
            )
            return '' if waiting == '0' else f'{waiting} bodies are not collected'

        self.await_all(chaos_cluster.GRACE_MS // 1000 + GARBAGE_SECONDS, rest)

    def wait_a_day(self):
        """The whole cluster a day later: what was kept for so long goes as well."""
        self.cluster.local('down')
        for name in self.cluster.state():
            self.cluster.set_clock(name, A_DAY)
        self.cluster.set_clock('us', A_DAY)
        self.cluster.change_json(
            self.cluster.configuration('garbage-collector'),
            lambda config: config.update(sweepIntervalMs='1000', brake=1.0),
        )
        self.cluster.up()
        self.cluster.env.update(self.cluster.clock_environment('us'))

        def rest():
            fragments, disk = self.stored()
            bodies = self.cluster.sql('SELECT count(*) FROM pbfs.body')
            kept = disk > LEFT_BYTES * chaos_cluster.STORES
            return (
                f'{fragments} fragments, {disk >> 20} MiB of disk, {bodies} bodies'
                if fragments or kept or bodies != '0'
                else ''
            )

        self.await_all(GARBAGE_SECONDS, rest)

    # ---- all of it -------------------------------------------------------------------------------

    def play(self):
        self.timed('cluster made', self.cluster.make)
        self.cluster.must('bucket', 'create', '--history', '1m', chaos_load.BUCKET)  # for restores
        self.make_shared()
        self.start_clients()
        self.timed('faults', self.break_things)
        self.phase('check')  # a write that leaves one slow store behind is mended at once, but there is always one
        self.timed('healed', lambda: self.await_all(HEAL_SECONDS, self.ill))
        self.timed('read back', self.check_clients)
        self.timed('histories', self.check_anywhere)
        before = self.stored()
        self.timed('removed', self.remove_all)
        self.timed('collected', self.wait_for_garbage)
        between = self.stored()
        self.timed('a day later', self.wait_a_day)
        after = self.stored()
        self.say(
            'stored: '
            + ', '.join(
                f'{what} {fragments} fragments and {disk >> 20} MiB'
                for what, (fragments, disk) in (
                    ('with all objects', before),
                    ('once collected', between),
                    ('a day later', after),
                )
            )
        )
        silence = self.silence()
        if silence > SILENCE_SECONDS:
            raise Failure(f'{silence:.0f} s without any operation that succeeded')

    def end(self):
        for driver in self.drivers:
            if driver.poll() is None:
                driver.terminate()
        for number in range(chaos_load.CLIENTS):
            self.faults.signal_client(number, signal.SIGCONT)
        for driver in self.drivers:
            driver.wait()
        self.cluster.run('local', 'down', '--dir', self.cluster.dir)
        self.cluster.close()

    def entries(self):
        for number in range(chaos_load.CLIENTS):
            if os.path.exists(self.home(number, 'journal.jsonl')):
                yield from read_journal(self.home(number, 'journal.jsonl'))

    def silence(self):
        return longest_silence(
            [entry.end['at'] for entry in self.entries() if entry.end and entry.end['end'] == 'done']
        )

    def report(self):
        operations = {}
        for entry in self.entries():
            how = entry.end['end'] if entry.end else 'died'
            row = operations.setdefault(entry.begin['kind'], {'done': 0, 'doubt': 0, 'failed': 0})
            row['doubt' if how == 'died' else how] += 1
        print(f'\n{"fault":<18}{"times":>8}')
        for kind, times in sorted(self.running.counts.items()):
            print(f'{kind:<18}{times:>8}')
        print(f'\n{"operation":<18}{"done":>8}{"in doubt":>10}{"failed":>8}')
        for kind, row in sorted(operations.items()):
            print(f'{kind:<18}{row["done"]:>8}{row["doubt"]:>10}{row["failed"]:>8}')
        print(f'\nlongest time without an operation that succeeded: {self.silence():.1f} s')
        print('; '.join(f'{what}: {seconds:.0f} s' for what, seconds in self.took.items()), flush=True)


def run(build, directory, seed, minutes, only):
    """What went wrong, or None."""
    chaos, failure = Run(build, directory, seed, minutes, only), 'it did not come to its end'
    try:
        chaos.play()
        failure = None
    except Failure as wrong:
        failure = str(wrong)
    finally:
        chaos.end()
        chaos.report()
    return failure
