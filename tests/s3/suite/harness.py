"""What every topic uses: cases out of tables, buckets, requests, and `expect`, which judges answers.

    class Get(BucketCase):
        @rows({"empty": (b"",), "short": (b"abc",)})
        def test_what_was_put_comes_back(self, body):
            self.put(body)
            expect(self.get(), 200, body=body)

is the two cases topic_objects.Get.test_what_was_put_comes_back[empty] and ...[short].
"""
import base64
import datetime
import email.utils
import hashlib
import itertools
import os
import random
import re
import unittest
import urllib.parse
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.client

from . import signing, wire
from .wire import Answer, Request

SKEW_S = 300
ANY = re.compile(".*", re.S)
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
QUOTED_ETAG = re.compile(r'"[0-9a-f]{32}(-\d+)?"')
OPAQUE_ETAG = re.compile(r'"[0-9a-f]{32}-0"')
MISSING = "never-was-there"


# ---- cases ----

def rows(table: dict):
    """Makes a case of each row, whose value are the arguments: a tuple, or the only one."""
    def mark(method):
        method.rows = table
        return method
    return mark


class Case(unittest.TestCase):
    def __init_subclass__(cls, **arguments):
        super().__init_subclass__(**arguments)
        for name, method in list(vars(cls).items()):
            if not hasattr(method, "rows"):
                continue
            delattr(cls, name)
            for row, values in method.rows.items():
                setattr(cls, f"{name}[{row}]",
                        _bound(method, values if isinstance(values, tuple) else (values,)))

    def __str__(self) -> str:
        return f"{type(self).__module__.rsplit('.', 1)[-1]}.{type(self).__name__}.{self._testMethodName}"


def _bound(method, values):
    return lambda self: method(self, *values)


# ---- judging ----

def expect(answer: Answer, status: int, headers: dict | None = None, code: str | None = None,
           body=None) -> Answer:
    """Fails unless the answer is this, and has what every answer must have.

    headers  name -> the value, a pattern that all of it matches, or None: must not be there
    code     of the error document; to be given for every error, also of HEAD, where nobody looks at it
    body     bytes, or a pattern of bytes
    """
    wrong = []
    if answer.status != status:
        wrong.append(f"status {status}" + (f" {code}" if code else ""))
    for name, wanted in (headers or {}).items():
        if not _matches(answer.get(name), wanted):
            wrong.append(f"header {name}: {getattr(wanted, 'pattern', wanted)}")
    wrong += _usual_faults(answer)
    if answer.status >= 400:
        wrong += _document_faults(answer, code)
    elif code:
        wrong.append(f"code {code}")
    if body is not None and not _is_body(answer.body, body):
        wrong.append(f"body {wire.shown(body if isinstance(body, bytes) else body.pattern)}")
    if wrong:
        raise AssertionError("expected: " + "\n          ".join(wrong) + f"\n{answer}")
    return answer


def _is_body(body: bytes, wanted) -> bool:
    return body == wanted if isinstance(wanted, bytes) else wanted.fullmatch(body) is not None


def expect_client_error(answer: Answer, *codes: str) -> Answer:
    """Where the server may choose what is wrong: any 400 or 403 (with one of `codes`); else as `expect`."""
    found = re.search(rb"<Code>(\w+)</Code>", answer.body)
    code = found.group(1).decode() if found else "any"
    status = answer.status if answer.status in (400, 403) else 400
    return expect(answer, status, code=code if not codes or code in codes else codes[0])


def _matches(value: str | None, wanted) -> bool:
    if wanted is None or value is None:
        return value is wanted
    return wanted.fullmatch(value) is not None if isinstance(wanted, re.Pattern) else value == wanted


def _usual_faults(answer: Answer):
    for name in ("x-amz-request-id", "x-amz-id-2", "Server", "Date"):
        if not answer.get(name):
            yield f"a header {name}"
    if not _is_now(answer.get("Date") or ""):
        yield "header Date: now"
    names = [name.lower() for name, _ in answer.headers]
    for name in sorted({name for name in names if names.count(name) > 1} - {"vary"}):
        yield f"one header {name}"
    length = answer.get("Content-Length")
    if answer.request.method == "HEAD" or answer.status in (204, 304):
        if answer.body or answer.surplus:
            yield "no body"
        if answer.status == 204 and length is not None:
            yield "no Content-Length"
    elif length is None and (answer.get("Transfer-Encoding") or "").lower() != "chunked":
        yield "Content-Length"
    elif length is not None and int(length) != len(answer.body):
        yield f"Content-Length: {len(answer.body)}"


def _is_now(date: str) -> bool:
    try:
        then = email.utils.parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return False
    return abs((datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()) < SKEW_S


def _document_faults(answer: Answer, code: str | None):
    if not code:
        yield "a code for the error (the case gives none)"
    if answer.request.method == "HEAD":
        return
    if answer.get("Content-Type") != "application/xml":
        yield "header Content-Type: application/xml"
    try:
        document = parse_xml(answer)
    except ElementTree.ParseError as error:
        yield f"an error document ({error})"
        return
    names = [element.tag for element in document]
    known = [name for name in names if name in ("Code", "Message", "Resource", "RequestId")]
    if document.tag != "Error" or known != ["Code", "Message", "Resource", "RequestId"]:
        yield "<Error> with Code, Message, Resource, RequestId in this order"
    if document.findtext("Code") != code:
        yield f"code {code}"
    if not document.findtext("Message"):
        yield "a message"
    if document.findtext("RequestId") != answer.get("x-amz-request-id"):
        yield "RequestId as in x-amz-request-id"
    if not (document.findtext("Resource") or "").startswith("/") and answer.request.target.startswith("/"):
        yield "a Resource that begins with /"


def parse_xml(answer: Answer) -> ElementTree.Element:
    """The document, its names without namespace."""
    root = ElementTree.fromstring(answer.body)
    for element in root.iter():
        element.tag = element.tag.rsplit("}", 1)[-1]
    return root


def texts(root: ElementTree.Element, path: str) -> list:
    return [element.text or "" for element in root.findall(path)]


# ---- values ----

def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def pattern_bytes(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def http_date(seconds_from_now: float = 0) -> str:
    return email.utils.formatdate(datetime.datetime.now().timestamp() + seconds_from_now, usegmt=True)


def quote(key: str | bytes) -> str:
    return urllib.parse.quote(key, safe="/-_.~")


def query_of(pairs: dict | str) -> str:
    if isinstance(pairs, str):
        return pairs
    return "&".join(f"{quote_all(name)}={quote_all(value)}" for name, value in pairs.items())


def quote_all(value: str | bytes | int) -> str:
    return urllib.parse.quote(value if isinstance(value, bytes) else str(value), safe="-_.~")


def tagging(tags: dict) -> bytes:
    one = "".join(f"<Tag><Key>{key}</Key><Value>{value}</Value></Tag>" for key, value in tags.items())
    return f"<Tagging><TagSet>{one}</TagSet></Tagging>".encode()


# ---- the site ----

_numbers = itertools.count()
RUN = f"{os.getpid():x}{random.SystemRandom().randrange(1 << 24):06x}"


def new_bucket_name() -> str:
    return f"suite-{RUN}-{next(_numbers)}"


def client(endpoint: wire.Endpoint | None = None):
    """boto3 as programs use it; what fails is told at once."""
    options = {"signature_version": "s3v4", "retries": {"total_max_attempts": 1},
               "s3": {"addressing_style": "path"},
               "max_pool_connections": 20}
    try:  # newer ones add a checksum to everything unless told not to
        config = botocore.client.Config(**options, request_checksum_calculation="when_required",
                                        response_checksum_validation="when_required")
    except TypeError:
        config = botocore.client.Config(**options)
    credentials = signing.keys()
    return boto3.session.Session().client(
        "s3", endpoint_url=(endpoint or wire.http_endpoint()).url, region_name=signing.REGION, config=config,
        aws_access_key_id=credentials.access_key, aws_secret_access_key=credentials.secret_key,
        verify=os.environ.get("PBFS_S3_CA") or None)


def call(method: str, path: str, *, query: dict | str = "", headers: dict | list | None = None,
         body: bytes = b"",
         payload: str | None = None, auth: str = "header", endpoint: wire.Endpoint | None = None,
         **signing_options) -> Answer:
    """One signed request; see `prepare`."""
    endpoint = endpoint or wire.http_endpoint()
    return wire.exchange(endpoint, prepare(method, path, query=query, headers=headers, body=body,
                                           payload=payload,
                                           auth=auth, endpoint=endpoint, **signing_options))


def prepare(method: str, path: str, *, query: dict | str = "", headers: dict | list | None = None,
            body: bytes = b"",
            payload: str | None = None, auth: str = "header", endpoint: wire.Endpoint | None = None,
            **signing_options) -> Request:
    """A request ready to be sent.

    path, query  as on the wire, already percent-encoded; a query given as a dict is encoded here
    payload      what X-Amz-Content-SHA256 says; usually the digest of the body
    auth         header, query (presigned) or none; signing_options: see signing.sign and signing.presign
    """
    text = query_of(query)
    target = path + ("?" + text if text else "")
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    request = Request(method, target, [("Host", (endpoint or wire.http_endpoint()).netloc)] + pairs, body)
    if auth == "header":
        signing.sign(request, sha256(body) if payload is None else payload, **signing_options)
    elif auth == "query":
        signing.presign(request, **signing_options)
    has_length = request.get("Content-Length") is not None or request.get("Transfer-Encoding") is not None
    if not has_length and (body or method in ("PUT", "POST", "PATCH")):
        request.headers.append(("Content-Length", str(len(body))))
    return request


def at_once(deed, things) -> list:
    """What deed(thing) gives for each, all on connections of their own at the same time."""
    with ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(deed, things))


def winner(answers: list) -> int:
    """Which of requests that raced won; the others must say that it was a race, or that the condition failed."""
    won = [number for number, answer in enumerate(answers) if answer.status == 200]
    if len(won) != 1:
        raise AssertionError(f"{len(won)} won: {[answer.status for answer in answers]}")
    for answer in answers:
        if answer.status == 409:
            expect(answer, 409, code="ConditionalRequestConflict")
        elif answer.status != 200:
            expect(answer, 412, code="PreconditionFailed")
    return won[0]


def empty_bucket(bucket: str) -> None:
    """Of all versions and delete markers; where there never were versions, each object is one."""
    s3 = client()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        doomed = [{"Key": found["Key"], "VersionId": found["VersionId"]}
                  for found in page.get("Versions", []) + page.get("DeleteMarkers", [])]
        if doomed:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})


def make_bucket() -> str:
    name = new_bucket_name()
    expect(call("PUT", f"/{name}"), 200)
    return name


def drop_bucket(name: str) -> None:
    empty_bucket(name)
    expect(call("DELETE", f"/{name}"), 204)


class BucketCase(Case):
    """Cases that share a bucket; each has a key of its own in it."""

    bucket = ""

    @classmethod
    def setUpClass(cls):
        cls.bucket = make_bucket()

    @classmethod
    def tearDownClass(cls):
        drop_bucket(cls.bucket)

    def setUp(self):
        self.key = self._testMethodName.removeprefix("test_")[:200]

    def path(self, key: str | None = None) -> str:
        return f"/{self.bucket}/{quote(self.key if key is None else key)}"

    def send(self, method: str, key: str | None = None, **options) -> Answer:
        return call(method, self.path(key), **options)

    def of_bucket(self, method: str, query: dict | str = "", **options) -> Answer:
        return call(method, f"/{self.bucket}", query=query, **options)

    def put(self, body: bytes = b"content", key: str | None = None, headers: dict | None = None) -> Answer:
        return expect(self.send("PUT", key, body=body, headers=headers), 200, {"ETag": QUOTED_ETAG})

    def get(self, key: str | None = None, headers: dict | None = None, **options) -> Answer:
        return self.send("GET", key, headers=headers, **options)

    def head(self, key: str | None = None, headers: dict | None = None, **options) -> Answer:
        return self.send("HEAD", key, headers=headers, **options)

    def must_be(self, body: bytes, key: str | None = None) -> Answer:
        """The object is there and holds these bytes."""
        return expect(self.get(key), 200, {"Content-Length": str(len(body))}, body=body)

    def must_be_missing(self, key: str | None = None) -> None:
        expect(self.get(key), 404, code="NoSuchKey")


class OwnBucketCase(BucketCase):
    """Cases that change their bucket: each has its own."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.bucket = make_bucket()
        self.addCleanup(drop_bucket, self.bucket)
