"""A real local cluster (tools/local), driven through the real command line."""
import json
import os
import re
import subprocess


class Cluster:
    """The cluster in `directory`/cluster, made and used by the programs of a build directory."""

    def __init__(self, build, directory):
        self.pbfs = os.path.join(build, 'tools', 'pbfs', 'pbfs')
        self.dir = os.path.join(directory, 'cluster')
        self.env = dict(os.environ, PBFS_CONFIG=os.path.join(self.dir, 'client', 'client.json'))

    def run(self, *args, data=None, timeout=600):
        return subprocess.run([self.pbfs, *args], input=data, capture_output=True, env=self.env, timeout=timeout)

    def must(self, *args, data=None):
        done = self.run(*args, data=data)
        if done.returncode != 0:
            raise SystemExit(f'pbfs {" ".join(args)}: {done.stderr.decode()}')
        return done.stdout

    def ask(self, *args, data=None):
        """The JSON document that a command prints."""
        return json.loads(self.must(*args, '--json', data=data))

    def local(self, *args):
        return self.must('local', args[0], '--dir', self.dir, *args[1:])

    def processes(self):
        return [line.split()[0] for line in self.local('status').decode().splitlines()[1:]]

    def configure(self, name, **settings):
        """Restarts a service with other settings."""
        path = os.path.join(self.dir, name + '.json')
        with open(path) as file:
            config = json.load(file)
        config.update(settings)
        with open(path, 'w') as file:
            json.dump(config, file)
        self.local('kill', name)
        self.local('start', name)

    def hurry_collector(self, grace_ms, interval_ms):
        """Has the garbage collector delete what it may while a run lasts."""
        self.configure('garbage-collector', graceMs=str(grace_ms), intervalMs=str(interval_ms))

    def calm_repairer(self):
        """Has the repairer mend nothing for a day."""
        self.configure('repairer', intervalMs=str(86_400_000))

    def collected(self):
        """Bodies that the collector purged, by its log."""
        with open(os.path.join(self.dir, 'log', 'garbage-collector.log')) as file:
            return sum(int(bodies) for bodies in re.findall(r'collected \d+ objects, (\d+) bodies', file.read()))

    def stores(self):
        """{store's number: its data directory}"""
        names = [name for name in self.processes() if name.startswith('store-')]
        return {int(name.split('-')[1]): os.path.join(self.dir, name) for name in names}

    def state(self):
        """{name: process} of the state file."""
        with open(os.path.join(self.dir, 'cluster.json')) as file:
            return {process['name']: process for process in json.load(file)['processes']}

    def ports(self):
        return {name: process['port'] for name, process in self.state().items()}

    def named(self, kind):
        return [name for name in self.state() if name.startswith(kind + '-')]

    def change_json(self, path, change):
        with open(path) as file:
            document = json.load(file)
        change(document)
        with open(path, 'w') as file:
            json.dump(document, file, indent=2)

    def sql(self, query):
        """What the primary answers."""
        tls = os.path.join(self.dir, 'tls')
        members = [str(self.ports()[member]) for member in self.named('postgres')]
        login = (
            f'host={",".join(["127.0.0.1"] * len(members))} port={",".join(members)} user=postgres dbname=pbfs sslmode=verify-full '
            f'target_session_attrs=read-write sslrootcert={tls}/ca.pem '
            f'sslcert={tls}/postgres.pem sslkey={tls}/postgres-key.pem'
        )
        done = subprocess.run(['psql', '-XqAt', '-d', login, '-c', query], capture_output=True, timeout=60)
        return done.stdout.decode().strip()
