"""The cluster of a chaos run: a local cluster under Patroni, all of whose connections pass a proxy (chaos_proxy.py)
but those of PostgreSQL's and Patroni's members among each other; whose processes have clocks that can be set
(libfaketime); and one store of which has a small disk of its own (a file mounted over a loop device).

A store tells others its address in its lease, and its configuration says which address: that of the proxy. So nothing
in PBFS knows of the proxy, and no network namespaces are needed, which a laptop's user may not make.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time

from cluster import Cluster

FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
HERE = os.path.dirname(os.path.abspath(__file__))
CATALOGS, STORES, MEMBERS = 2, 8, 3
SIDES = ('left', 'right', 'keepers')  # who asks catalogs: half of the clients, the other half, collector and repairer
SMALL_STORE = STORES
SMALL_DISK = 1_500_000_000
VOLUME_BYTES = 64 << 20
DOWN_AFTER_MS = 25_000
GRACE_MS = 60_000  # longer than a client can be at one read: its timeout, and as long as it is frozen


class ChaosCluster(Cluster):
    def __init__(self, build, directory, log):
        super().__init__(build, directory)
        self.root, self.log = directory, log
        self.proxy, self.links, self.lock = None, {}, threading.Lock()
        self.down = set()  # processes that a fault has ended
        self.clocks = os.path.join(directory, 'clocks')
        self.image, self.small_disk = os.path.join(directory, 'small-disk'), os.path.join(
            self.dir, f'store-{SMALL_STORE}'
        )

    # ---- making it -------------------------------------------------------------------------------

    def make(self):
        self.up()
        self.local('down')
        self.start_proxy()
        self.set_up_clocks()
        self.set_up_stores()
        self.set_up_catalogs()
        self.set_up_keepers()
        self.set_up_clients()
        self.mount_small_disk()
        self.up()

    def up(self):
        """Patiently: a machine that has other work takes longer than `pbfs local up` waits for all stores."""
        for _ in range(5):
            done = self.run('local', 'up', '--dir', self.dir, '--postgres', 'patroni')
            if done.returncode == 0:
                return
        raise SystemExit(done.stderr.decode())

    def start_proxy(self):
        ports = self.ports()
        targets = {f'{name}@{side}': ports[name] for name in self.named('catalog') for side in SIDES}
        targets.update({name: ports[name] for name in self.named('store')})
        targets.update({f'etcd@{name}': ports['etcd'] for name in self.named('store') + self.named('catalog')})
        targets.update(
            {f'{member}@{name}': ports[member] for member in self.named('postgres') for name in self.named('catalog')}
        )
        self.proxy = subprocess.Popen(
            [sys.executable, '-B', os.path.join(HERE, 'chaos_proxy.py'), json.dumps(targets)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        self.links = json.loads(self.proxy.stdout.readline())

    def configuration(self, name):
        return os.path.join(self.dir, name + '.json')

    def set_up_clocks(self):
        os.makedirs(self.clocks)
        os.chmod(self.clocks, 0o755)

        def change(state):
            for process in state['processes']:
                self.set_clock(process['name'], 0)
                # etcd does not use the C library, and Python's sleep fails under libfaketime: Patroni keeps its clock.
                if process['name'] != 'etcd' and process['name'] not in self.named('postgres'):
                    process['environment'].update(self.clock_environment(process['name']))

        self.change_json(os.path.join(self.dir, 'cluster.json'), change)
        for member in self.named('postgres'):
            self.set_up_member_clock(member)

    def set_up_member_clock(self, member):
        """Has Patroni start a PostgreSQL whose clock can be set."""
        path = os.path.join(self.dir, member, 'patroni.json')
        with open(path) as file:
            programs = json.load(file)['postgresql']['bin_dir']
        ours = os.path.join(self.clocks, member + '-programs')
        os.makedirs(ours)
        for program in os.listdir(programs):
            os.symlink(os.path.join(programs, program), os.path.join(ours, program))
        server = os.path.join(ours, 'postgres')
        os.remove(server)
        settings = ''.join(f'export {name}={value}\n' for name, value in self.clock_environment(member).items())
        with open(server, 'w') as file:
            file.write(f'#!/bin/sh\n{settings}exec {programs}/postgres "$@"\n')
        os.chmod(server, 0o755)
        self.change_json(path, lambda config: config['postgresql'].update(bin_dir=ours))

    def clock_environment(self, name):
        return {
            'LD_PRELOAD': FAKETIME,
            'FAKETIME_DONT_FAKE_MONOTONIC': '1',
            'FAKETIME_CACHE_DURATION': '1',
            'FAKETIME_TIMESTAMP_FILE': os.path.join(self.clocks, name),
        }

    def set_clock(self, name, seconds):
        """Within a second the clock of the process is so far ahead (or behind)."""
        path = os.path.join(self.clocks, name)
        with open(path + '.new', 'w') as file:
            file.write(f'{seconds:+d}\n')
        os.chmod(path + '.new', 0o644)
        os.rename(path + '.new', path)

    def link(self, name):
        return f'127.0.0.1:{self.links[name]}'

    def set_up_stores(self):
        for name in self.named('store'):

            def change(config, name=name):
                config['address'] = self.link(name)
                config['etcd']['endpoints'] = [self.link(f'etcd@{name}')]
                config['limits']['volumeBytes'] = str(VOLUME_BYTES)

            self.change_json(self.configuration(name), change)

    def set_up_catalogs(self):
        ports = self.ports()
        for name in self.named('catalog'):

            def change(config, name=name):
                config['etcd']['endpoints'] = [self.link(f'etcd@{name}')]
                config['downAfterMs'] = str(DOWN_AFTER_MS)

            self.change_json(self.configuration(name), change)
            for dsn in ('primary.dsn', 'local.dsn'):
                path = os.path.join(self.dir, name, dsn)
                with open(path) as file:
                    text = file.read()
                for member in self.named('postgres'):
                    text = re.sub(rf'(?<=[=,]){ports[member]}\b', str(self.links[f'{member}@{name}']), text)
                with open(path, 'w') as file:
                    file.write(text)

    def catalogs(self, side):
        return [self.link(f'{name}@{side}') for name in self.named('catalog')]

    def set_up_keepers(self):
        """Both in a hurry."""

        def collector(config):
            config.update(catalogs=self.catalogs('keepers'), graceMs=str(GRACE_MS), intervalMs='500')

        def repairer(config):
            config.update(catalogs=self.catalogs('keepers'), intervalMs='1000')

        self.change_json(self.configuration('garbage-collector'), collector)
        self.change_json(self.configuration('repairer'), repairer)

    def set_up_clients(self):
        for side in SIDES[:2]:
            with open(os.path.join(self.dir, 'client', 'client.json')) as file:
                config = json.load(file)
            config['catalogs'] = self.catalogs(side)
            with open(self.client_configuration(side), 'w') as file:
                json.dump(config, file)
            os.chmod(self.client_configuration(side), 0o600)

    def client_configuration(self, side):
        return os.path.join(self.dir, 'client', side + '.json')

    # ---- the small disk --------------------------------------------------------------------------

    def mount_small_disk(self):
        aside = self.small_disk + '.aside'
        os.rename(self.small_disk, aside)
        os.mkdir(self.small_disk, 0o700)
        with open(self.image, 'wb') as file:
            file.truncate(SMALL_DISK)
        subprocess.run(['mkfs.ext4', '-q', '-m', '0', self.image], check=True)
        subprocess.run(['mount', '-o', 'loop', self.image, self.small_disk], check=True)
        os.chmod(self.small_disk, 0o700)
        subprocess.run(['cp', '-a', aside + '/.', self.small_disk], check=True)
        subprocess.run(['rm', '-r', aside], check=True)

    def fill_small_disk(self):
        """All of it, but what is in blocks already. Returns how many bytes that took."""
        path = os.path.join(self.small_disk, 'filler')
        taken, step = 0, 64 << 20
        with open(path, 'ab') as file:
            while step >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), taken, step)
                    taken += step
                except OSError:
                    step //= 2
        return taken

    def empty_small_disk(self):
        path = os.path.join(self.small_disk, 'filler')
        if os.path.exists(path):
            os.remove(path)

    def close(self):
        if self.proxy is not None:
            self.proxy.kill()
            self.proxy.wait()
        if os.path.ismount(self.small_disk):
            subprocess.run(['umount', self.small_disk])

    # ---- what is done to it ----------------------------------------------------------------------

    def order(self, link, **settings):
        """To the proxy: see there."""
        with self.lock:
            self.proxy.stdin.write(json.dumps({'link': link, **settings}).encode() + b'\n')
            self.proxy.stdin.flush()
            self.proxy.stdout.readline()

    def kill(self, name, signal='KILL'):
        if signal == 'KILL':
            self.down.add(name)
        return self.run('local', 'kill', '--dir', self.dir, '--signal', signal, name)

    def start(self, name, patience=300):
        """Until it serves. Other starts, and what it needs to start, may be in the way for a while. A text if it
        cannot be started.
        """
        deadline = time.monotonic() + patience
        while True:
            done = self.run('local', 'start', '--dir', self.dir, name)
            if done.returncode == 0:
                self.down.discard(name)
                return None
            if time.monotonic() > deadline:
                return f'{name} cannot be started: {done.stderr.decode()}'
            time.sleep(0.5)

    def ended_by_themselves(self):
        """Processes that nobody has killed, and that are gone."""
        before = set(self.down)
        gone = [name for name, process in self.state().items() if not os.path.exists(f'/proc/{process["pid"]}')]
        return [name for name in gone if name not in before and name not in self.down]

    def look(self):
        """[process] as `pbfs local status` says."""
        return json.loads(self.must('local', 'status', '--dir', self.dir, '--json'))['processes']

    def primary(self):
        """Its name, or None."""
        return next((process['name'] for process in self.look() if process['role'] == 'primary'), None)
