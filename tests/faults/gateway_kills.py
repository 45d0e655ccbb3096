"""Kills the gateway with SIGKILL under uploads of each kind, again and again, and starts it again.

Each round: some uploads of one kind are sent to somewhere in their middle; when all are there they go on, and a moment later the gateway is
killed. Then every object must read as it was before or as the upload makes it, whole: as the latter if that was acknowledged, as the former if it
was refused; and lists must show the same. A kind goes on until as many uploads as asked for were broken off without an answer. At the end
everything is deleted, uploads that were never completed too, and what the rules keep for a day or a week is made that old: then
stores and catalog must be as empty as before.
"""
import base64
import datetime
import http.client
import json
import os
import random
import signal
import sys
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 's3'))

from suite import chunks, signing, wire  # noqa: E402
from suite.harness import parse_xml, prepare, query_of  # noqa: E402
from suite.topic_forms import encode as encode_form  # noqa: E402
from suite.topic_forms import sign as sign_policy  # noqa: E402
from suite.topic_forms import BOUNDARY, ISO  # noqa: E402
from suite.topic_multiparts import complete_xml  # noqa: E402

BUCKET = 'killed'
TOGETHER = 8  # uploads of a round
PATIENCE_S = 60
COLLECTION_S = 300
PART = 5 << 20
BASE = 256 << 10  # of what is patched
FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'


def path(key):
    return f'/{BUCKET}/{key}'


class Upload:
    """What one does to a key. `old`: what the key held before, None: nothing; `new`: what it holds if this happens."""

    def __init__(self, key, old, new, requests):
        self.key, self.old, self.new = key, old, new
        self.requests = requests  # yields each request, is sent its answer
        self.status = None  # of the last answer that there was
        self.answered = False  # the last request was

    def may_hold(self):
        if self.answered and self.status < 300:
            return [self.new]
        if self.answered and self.status < 500:
            return [self.old]
        return [self.old, self.new]


def plain(request):
    """An upload of one request."""
    yield request


def put(rng, key, size):
    body = rng.randbytes(size)
    return Upload(key, None, body, plain(prepare('PUT', path(key), body=body, payload=signing.UNSIGNED)))


def put_small(rng, key, _old):
    return put(rng, key, rng.randrange(1, 4097))


def put_large(rng, key, _old):
    return put(rng, key, rng.randrange(9 << 20, 20 << 20))


def put_chunked(rng, key, _old):
    body = rng.randbytes(int(2 ** rng.uniform(10, 24)))
    headers = {'Content-Encoding': 'aws-chunked', 'x-amz-decoded-content-length': str(len(body)), 'x-amz-trailer': 'x-amz-checksum-crc32'}
    request = prepare('PUT', path(key), headers=headers, payload=chunks.SIGNED_TRAILER)
    request.drop('Content-Length')
    chain = signing.sign(request, chunks.SIGNED_TRAILER)
    sizes = [65536] * (len(body) // 65536) + ([len(body) % 65536] if len(body) % 65536 else [])
    checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, 'big')).decode()
    request.body = b''.join(chunks.encode(body, chain, sizes, {'x-amz-checksum-crc32': checksum}, True))
    request.headers.append(('Content-Length', str(len(request.body))))
    return Upload(key, None, body, plain(request))


def multipart(rng, key, _old):
    parts = [rng.randbytes(PART) for _ in range(rng.randrange(0, 3))] + [rng.randbytes(rng.randrange(1, PART))]

    def requests():
        begun = yield prepare('POST', path(key), query='uploads')
        upload, done = parse_xml(begun).findtext('UploadId'), []
        for number, part in enumerate(parts, 1):
            query = query_of({'partNumber': number, 'uploadId': upload})
            answer = yield prepare('PUT', path(key), query=query, body=part, payload=signing.UNSIGNED)
            done.append((number, answer.get('ETag')))
        yield prepare('POST', path(key), query=query_of({'uploadId': upload}), body=complete_xml(done))

    return Upload(key, None, b''.join(parts), requests())


def post_form(rng, key, _old):
    body, now, keys = rng.randbytes(int(2 ** rng.uniform(0, 24))), signing.now(), signing.keys()
    fields = {'key': key, 'x-amz-algorithm': 'AWS4-HMAC-SHA256', 'x-amz-date': f'{now:%Y%m%dT%H%M%SZ}',
              'x-amz-credential': f'{keys.access_key}/{now:%Y%m%d}/{signing.REGION}/s3/aws4_request'}
    conditions = [{'bucket': BUCKET}, *({name: value} for name, value in fields.items())]
    expiration = (now + datetime.timedelta(minutes=30)).strftime(ISO)
    policy = base64.b64encode(json.dumps({'expiration': expiration, 'conditions': conditions}).encode()).decode()
    form = encode_form(list((fields | {'policy': policy} | sign_policy(policy)).items()), body)
    headers = [('Host', wire.http_endpoint().netloc), ('Content-Type', f'multipart/form-data; boundary={BOUNDARY}'), ('Content-Length', str(len(form)))]
    return Upload(key, None, body, plain(wire.Request('POST', '/' + BUCKET, headers, form)))


def patch(rng, key, old):
    body = rng.randbytes(int(2 ** rng.uniform(0, 17)))
    at = rng.randrange(len(old) - len(body) + 1)
    headers = {'Content-Range': f'bytes {at}-{at + len(body) - 1}/*'}
    request = prepare('PATCH', path(key), headers=headers, body=body, payload=signing.UNSIGNED)
    return Upload(key, old, old[:at] + body + old[at + len(body):], plain(request))


def append(rng, key, old):
    body = rng.randbytes(int(2 ** rng.uniform(0, 21)))
    headers = {'x-amz-write-offset-bytes': str(len(old))}
    return Upload(key, old, old + body, plain(prepare('PUT', path(key), headers=headers, body=body, payload=signing.UNSIGNED)))


KINDS = {'put small': put_small, 'put large': put_large, 'chunked': put_chunked, 'multipart': multipart, 'form': post_form,
         'patch': patch, 'append': append}
CHANGES = ('patch', 'append')  # of objects that are there


class Gateway:
    def __init__(self, cluster):
        self.cluster = cluster
        with open(os.path.join(cluster.dir, 'gateway.json')) as file:
            os.environ['PBFS_S3_ENDPOINT'] = 'http://' + json.load(file)['http']
        key = cluster.ask('key', 'create', 'killer')
        os.environ.update(PBFS_S3_ACCESS_KEY=key['id'], PBFS_S3_SECRET_KEY=key['secret'])
        self.endpoint = wire.http_endpoint()

    def kill(self):
        """At once: `local kill` takes longer than many an upload."""
        self.pid = self.cluster.state()['gateway']['pid']
        os.kill(self.pid, signal.SIGKILL)

    def start(self):
        until = time.monotonic() + PATIENCE_S
        while os.path.exists(f'/proc/{self.pid}') and time.monotonic() < until:
            time.sleep(0.01)  # its memory goes first
        self.cluster.local('start', 'gateway')

    def ask(self, method, target, **options):
        """A request that has to be answered with 2xx or 404."""
        answer = wire.exchange(self.endpoint, prepare(method, target, **options))
        if answer.status >= 300 and answer.status != 404:
            raise SystemExit(f'{method} {target}: {answer}')
        return answer

    def read(self, key):
        answer = self.ask('GET', path(key))
        return None if answer.status == 404 else answer.body

    def listed(self):
        """{key: size} of all."""
        found, more = {}, {}
        while more is not None:
            page = parse_xml(self.ask('GET', '/' + BUCKET, query={'list-type': '2', **more}))
            found.update({one.findtext('Key'): int(one.findtext('Size')) for one in page.iter('Contents')})
            token = page.findtext('NextContinuationToken')
            more = {'continuation-token': token} if token else None
        return found


class Round:
    """Uploads that are in their middle at once."""

    def __init__(self, endpoint, uploads, rng):
        self.endpoint, self.uploads = endpoint, uploads
        self.middle = threading.Barrier(len(uploads) + 1)
        self.threads = [threading.Thread(target=self.send, args=(upload, random.Random(rng.random()))) for upload in uploads]
        for thread in self.threads:
            thread.start()

    def send(self, upload, rng):
        waits = self.wait_once()
        try:
            with wire.Connection(self.endpoint) as connection:
                self.exchange(connection, upload, rng, waits)
        except (OSError, http.client.HTTPException):
            upload.answered = False
        next(waits, None)  # whoever is done, or broken, keeps nobody waiting

    def wait_once(self):
        self.wait()
        yield

    def wait(self):
        try:
            self.middle.wait(PATIENCE_S)
        except threading.BrokenBarrierError:
            pass  # a busy machine: not all came to their middle; those that did go on

    def exchange(self, connection, upload, rng, waits):
        answer, stop_at = None, rng.choice([0, 1, 1, 2, 3])
        for number in range(10):
            upload.answered = False
            try:
                request = next(upload.requests) if number == 0 else upload.requests.send(answer)
            except StopIteration:
                upload.answered = True
                return
            sent = request.head() + request.body
            middle = rng.choice([rng.randrange(len(sent)), len(sent) - 1]) if number == stop_at or self.is_last(upload) else len(sent)
            connection.socket.sendall(sent[:middle])
            if middle < len(sent):
                next(waits, None)
                connection.socket.sendall(sent[middle:])
            answer = connection.read(request)
            upload.status = answer.status
            if answer.status >= 300:
                upload.answered = True
                return

    @staticmethod
    def is_last(upload):
        return upload.requests.gi_code is plain.__code__

    def let_go(self):
        self.wait()

    def join(self):
        for thread in self.threads:
            thread.join()


class Judge:
    """What every key may hold."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.holds = {}  # key -> what it was seen to hold last
        self.uploads = {}  # key -> the newest
        self.happened = self.late = 0

    def look(self, upload):
        """None, or what is wrong."""
        found = self.gateway.read(upload.key)
        if not any(found == state for state in upload.may_hold()):
            size = 'nothing' if found is None else f'{len(found)} other bytes'
            return f'{upload.key} (answer {upload.status if upload.answered else "none"}) holds {size}; before {describe(upload.old)}, after {describe(upload.new)}'
        if self.uploads.get(upload.key) is upload and self.holds[upload.key] != found:
            if found == upload.old:
                return f'{upload.key} was seen to have changed, and has not any more'
            self.late += 1  # what was sent to a catalog before the gateway died
        self.uploads[upload.key], self.holds[upload.key] = upload, found
        return None

    def look_at_list(self):
        shown = {key: len(held) for key, held in self.holds.items() if held is not None}
        listed = self.gateway.listed()
        wrong = sorted(key for key in shown.keys() | listed.keys() if shown.get(key) != listed.get(key))
        return f'the list does not show what is there: {wrong[:5]}' if wrong else None


def describe(content):
    return 'nothing' if content is None else f'{len(content)} bytes'


def play(gateway, judge, rng, kind, number, within):
    """One round, in which the gateway is killed `within` so many seconds once all are in their middle, None: not at all.

    The uploads, what was wrong or None, and how long they took from there.
    """
    uploads = []
    for i in range(TOGETHER):
        key = f'{kind.replace(" ", "-")}/' + (str(i) if kind in CHANGES else f'{number}-{i}')
        uploads.append(KINDS[kind](rng, key, judge.holds.get(key)))
    sent = Round(gateway.endpoint, uploads, rng)
    sent.let_go()
    began = time.monotonic()
    if within is not None:
        time.sleep(rng.uniform(0, within))
        gateway.kill()
    sent.join()
    took = time.monotonic() - began
    if within is not None:
        gateway.start()
    for upload in uploads:
        failure = judge.look(upload)
        if failure:
            return uploads, failure, took
        judge.happened += judge.holds[upload.key] == upload.new and not upload.answered
    return uploads, None, took


def put_bases(gateway, judge, rng, kind):
    """What is patched and appended to."""
    for i in range(TOGETHER):
        upload = put(rng, f'{kind}/{i}', BASE)
        upload.status, upload.answered = gateway.ask('PUT', path(upload.key), body=upload.new).status, True
        failure = judge.look(upload)
        if failure:
            raise SystemExit(failure)


def run_kind(gateway, judge, rng, kind, wanted):
    if kind in CHANGES:
        put_bases(gateway, judge, rng, kind)
    rounds = sent = broken = acknowledged = 0
    before = judge.happened
    uploads, failure, within = play(gateway, judge, rng, kind, 0, None)
    if failure or not all(upload.answered and upload.status < 300 for upload in uploads):
        return failure or f'{kind}: not taken: {[upload.status for upload in uploads]}'
    while broken < wanted:
        rounds += 1
        uploads, failure, _ = play(gateway, judge, rng, kind, rounds, within)
        sent += len(uploads)
        broken += sum(not upload.answered for upload in uploads)
        acknowledged += sum(upload.answered and upload.status < 300 for upload in uploads)
        if failure or rounds >= 4 * wanted:
            return failure or f'{kind}: only {broken} of {sent} uploads were broken off'
    print(f'{kind}: {rounds} kills under {sent} uploads: {acknowledged} acknowledged, {broken} broken off, '
          f'of which {judge.happened - before} had happened, whole', flush=True)
    return None


def look_again(judge):
    for upload in list(judge.uploads.values()):
        failure = judge.look(upload)
        if failure:
            return failure
    return judge.look_at_list()


# ---- nothing is left ----

def stored(cluster):
    """What stores and catalog hold: fragments, and rows."""
    stores = cluster.ask('cluster', 'stores')['stores']
    silent = [store['id'] for store in stores if 'fragments' not in store]
    if silent:
        return f'stores {silent} do not answer'
    rows = cluster.sql('SELECT (SELECT count(*) FROM pbfs.body), (SELECT count(*) FROM pbfs.extent), (SELECT count(*) FROM pbfs.upload), '
                       '(SELECT count(*) FROM pbfs.upload_part), (SELECT count(*) FROM pbfs.object WHERE state <> 2)')
    return (sum(store['fragments'] for store in stores), rows)


def make_old(cluster):
    """Everything that waits for its time is beyond it; nobody may write any more."""
    cluster.sql("UPDATE pbfs.site_self SET floor_hlc = pbfs.now_ms() << 16, max_age_ms = -1000000, margin_ms = 0")
    cluster.sql("UPDATE pbfs.object SET expires = now() WHERE state = 0")
    cluster.sql("UPDATE pbfs.upload SET expires = now()")
    cluster.sql("UPDATE pbfs.garbage SET since = since - interval '1 day'")


def collect(gateway, judge, before):
    """Deletes everything and waits until it is gone; None, or what stays."""
    cluster = gateway.cluster
    for key in judge.holds:
        gateway.ask('DELETE', path(key))
    if gateway.listed():
        return 'what was deleted is listed'
    print(f'all deleted; {stored(cluster)} to be collected (fragments; bodies, extents, uploads, parts, objects)', flush=True)

    def a_day_later(state):
        collector = next(process for process in state['processes'] if process['name'] == 'garbage-collector')
        collector['environment'].update(LD_PRELOAD=FAKETIME, FAKETIME='+2d', FAKETIME_DONT_FAKE_MONOTONIC='1')

    cluster.change_json(os.path.join(cluster.dir, 'cluster.json'), a_day_later)
    cluster.configure('garbage-collector', graceMs='1', intervalMs='200', sweepIntervalMs='1000', brake=1.0)
    until, left = time.monotonic() + COLLECTION_S, None
    while time.monotonic() < until:
        make_old(cluster)
        left = stored(cluster)
        if left == before:
            return None
        time.sleep(1)  # a poll of other processes, bounded by COLLECTION_S
    return f'left behind: {left} (fragments; bodies, extents, uploads, parts, objects), before it was {before}'


def run(cluster, rng, wanted):
    """Prints a line a kind; returns what was lost, partial or left behind, or None."""
    gateway = Gateway(cluster)
    gateway.ask('PUT', '/' + BUCKET)
    gateway.ask('GET', '/' + BUCKET)
    before = stored(cluster)
    judge = Judge(gateway)
    for kind in KINDS:
        failure = run_kind(gateway, judge, rng, kind, wanted)
        if failure:
            return failure
    failure = look_again(judge)
    if failure:
        return failure
    print(f'{len(judge.uploads)} keys looked at again, {judge.late} uploads had come about later; the list shows what is there', flush=True)
    failure = collect(gateway, judge, before)
    print('nothing left behind' if failure is None else failure, flush=True)
    return failure
