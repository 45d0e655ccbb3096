"""Loses one store of a local cluster for good, under a mixed load, and measures how everything it had is made up for.

What must come out: full redundancy without help (two more stores are killed at the end, and every byte reads back), and at most
k x 1.05 bytes read for a byte lost. Latencies of a foreground load are printed, of the same hour on the same machine: before the
loss, and while the repairer works.
"""
import hashlib
import json
import os
import shutil
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

BUCKET, K = 'lost', 4
LARGE = 512 << 20
LOAD = ['--size', '1MiB', '--count', '4', '--patch-size', '16KiB', '--patches', '1000', '--parallel', '4']


def metrics(cluster):
    """{name and labels: value} of the repairer."""
    with open(os.path.join(cluster.dir, 'repairer.json')) as file:
        address = json.load(file)['metrics']['address']
    with urllib.request.urlopen(f'http://{address}/metrics', timeout=10) as page:
        lines = page.read().decode().splitlines()
    return {line.rsplit(' ', 1)[0]: float(line.rsplit(' ', 1)[1]) for line in lines if line and line[0] != '#'}


def done(cluster, what):
    return metrics(cluster)[f'pbfs_repairer_done{{what="{what}"}}']


def fill(cluster, rng, directory, gib):
    """{name: sha256}: large objects, and two thousand small ones."""
    sums = {}
    path = os.path.join(directory, 'large')
    for i in range(max(1, (int(gib * 1024) - 256) * (1 << 20) // LARGE)):
        with open(path, 'wb') as file:
            seed, digest = rng.randbytes(1 << 20), hashlib.sha256()
            for block in range(LARGE >> 20):
                data = bytes([block & 255]) + seed[1:]
                file.write(data)
                digest.update(data)
        cluster.must('put', path, f'{BUCKET}/large-{i}')
        sums[f'large-{i}'] = digest.hexdigest()
    os.remove(path)
    small = {f'small-{i}': rng.randbytes(int(2 ** rng.uniform(12.5, 19))) for i in range(2000)}
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda item: cluster.must('put', '-', f'{BUCKET}/{item[0]}', data=item[1]), small.items()))
    sums.update({name: hashlib.sha256(data).hexdigest() for name, data in small.items()})
    return sums, sum(len(data) for data in small.values())


def load(cluster):
    """p50 and p99 of patches, in milliseconds."""
    report = cluster.ask('bench', BUCKET, *LOAD)
    patch = report['patch'] if 'patch' in report else report
    return patch


def wrong_name(cluster, name, digest):
    got = cluster.run('get', f'{BUCKET}/{name}', '-')
    return None if got.returncode == 0 and hashlib.sha256(got.stdout).hexdigest() == digest else name


def await_troubles(cluster, expected, patience):
    deadline = time.monotonic() + patience
    while True:
        troubles = cluster.ask('cluster', 'status')['troubles']
        if troubles == expected:
            return None
        if time.monotonic() > deadline:
            return f'after {patience} s: {troubles}'
        time.sleep(1)


def run(cluster, rng, directory, gib):
    for catalog in ('catalog-1', 'catalog-2'):
        cluster.configure(catalog, downAfterMs='3000')
    cluster.configure('repairer', intervalMs='1000')
    cluster.must('bucket', 'create', BUCKET)
    sums, small_bytes = fill(cluster, rng, directory, gib)
    print(f'{len(sums)} objects, {(len(sums) - 2000) * LARGE / (1 << 30):.2f} GiB large, {small_bytes / (1 << 20):.0f} MiB small',
          flush=True)
    failure = await_troubles(cluster, [], 300)
    if failure:
        return failure
    print('foreground before:', json.dumps(load(cluster)), flush=True)

    stats = {store['id']: store for store in cluster.ask('cluster', 'stores')['stores']}
    store = 3
    lost = stats[store]['used']
    read, written, shards = (done(cluster, what) for what in ('bytes_read', 'bytes_written', 'shards'))
    fragments = stats[store]['fragments']
    began = time.monotonic()
    cluster.local('kill', f'store-{store}')
    shutil.rmtree(os.path.join(cluster.dir, f'store-{store}'))
    time.sleep(5)
    print('foreground while it is repaired:', json.dumps(load(cluster)), flush=True)
    failure = await_troubles(cluster, [f'store {store} is down'], 1800)
    if failure:
        return failure
    took = time.monotonic() - began
    read, written, shards = (done(cluster, what) - before for what, before in
                             (('bytes_read', read), ('bytes_written', written), ('shards', shards)))
    print(f'store {store}: {fragments} fragments, {lost / (1 << 20):.0f} MiB of disk; made up for in {took:.0f} s: {shards:.0f} shards, '
          f'{written / (1 << 20):.0f} MiB written, {read / (1 << 20):.0f} MiB read: {read / written / K:.3f} x k x written', flush=True)
    for other in (1, 8):
        cluster.local('kill', f'store-{other}')
    with ThreadPoolExecutor(6) as pool:
        wrong = [name for name in pool.map(lambda item: wrong_name(cluster, *item), sums.items()) if name]
    if wrong:
        return f'these read otherwise: {wrong[:5]}'
    print(f'two more stores killed: all {len(sums)} objects read back', flush=True)
    return None if read <= K * 1.05 * written else 'more was read than k x 1.05'
