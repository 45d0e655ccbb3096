"""HTTP itself: connections, HEAD, 100-continue, HTTP/1.0, and requests that are none."""
import http.client
import re
import socket

from . import signing, wire
from .harness import BucketCase, Case, call, expect, pattern_bytes, prepare, rows
from .signing import UNSIGNED
from .wire import Connection, Request


class ConnectionCase(BucketCase):
    def connect(self) -> Connection:
        connection = Connection(wire.http_endpoint())
        self.addCleanup(connection.close)
        return connection

    def must_be_closed(self, connection: Connection):
        try:
            self.assertEqual(connection.reader.read(1), b"")
        except ConnectionResetError:
            pass


class KeptAlive(ConnectionCase):
    def test_serves_many_requests(self):
        self.put()
        connection = self.connect()
        for _ in range(50):
            expect(connection.exchange(prepare("GET", self.path())), 200, {"Connection": None},
                   body=b"content")

    @rows({"HEAD": ("HEAD", {}, b""), "304": ("GET", {"If-None-Match": "*"}, b""), "204": ("DELETE", {}, b""),
           "412": ("GET", {"If-Match": '"x"'}, b""), "416": ("GET", {"Range": "bytes=99-"}, b""),
           "206": ("GET", {"Range": "bytes=0-0"}, b""),
           "400 with a body": ("PUT", {"Content-MD5": "x"}, b"x" * 1000),
           "403 with a body": ("PUT", {"Authorization": "AWS4-HMAC-SHA256 rubbish"}, b"x" * 1000)})
    def test_goes_on_after(self, method, headers, body):
        self.put()
        connection = self.connect()
        request = prepare(method, self.path(),
                          headers={k: v for k, v in headers.items() if k != "Authorization"}, body=body)
        for name in {"Authorization"} & set(headers):
            request.set(name, headers[name])
        connection.exchange(request)
        self.put(b"next", "next")
        expect(connection.exchange(prepare("GET", self.path("next"))), 200, body=b"next")

    def test_a_refused_large_body_is_answered(self):
        request = prepare("PUT", self.path(), body=pattern_bytes(8 << 20),
                          credentials=signing.Credentials("nobody", "x"))
        expect(self.connect().exchange(request), 403, code="InvalidAccessKeyId")
        self.must_be_missing()

    def test_ends_when_asked(self):
        self.put()
        connection = self.connect()
        answer = connection.exchange(prepare("GET", self.path(), headers={"Connection": "close"}))
        expect(answer, 200, {"Connection": re.compile("close", re.I)}, body=b"content")
        self.must_be_closed(connection)


class Pipelined(ConnectionCase):
    def pipeline(self, requests):
        connection = self.connect()
        connection.write(b"".join(request.head() + request.body for request in requests))
        return [connection.read(request) for request in requests]

    def test_answers_come_in_order(self):
        bodies = [b"%d" % n * 1000 for n in range(8)]
        for number, body in enumerate(bodies):
            self.put(body, f"{number}")
        for answer, body in zip(self.pipeline([prepare("GET", self.path(f"{n}")) for n in range(8)]), bodies):
            expect(answer, 200, body=body)

    def test_writes_are_seen_by_reads_behind_them(self):
        requests = [prepare("PUT", self.path(), body=b"one"), prepare("GET", self.path()),
                    prepare("PATCH", self.path(), headers={"Content-Range": "bytes 3-5/*"}, body=b"two"),
                    prepare("GET", self.path()), prepare("DELETE", self.path()), prepare("GET", self.path())]
        answers = self.pipeline(requests)
        self.assertEqual([answer.status for answer in answers], [200, 200, 200, 200, 204, 404])
        self.assertEqual((answers[1].body, answers[3].body), (b"one", b"onetwo"))

    def test_a_failure_does_not_end_the_rest(self):
        self.put()
        answers = self.pipeline([prepare("GET", self.path("nothing")),
                                 prepare("PUT", self.path("bad"), body=b"x", payload="0" * 64),
                                 prepare("GET", self.path())])
        expect(answers[0], 404, code="NoSuchKey")
        expect(answers[1], 400, code="XAmzContentSHA256Mismatch")
        expect(answers[2], 200, body=b"content")


class Continue(ConnectionCase):
    """Expect: 100-continue: the body is asked for when all that can be checked without it is right."""

    def ask(self, headers=None, body=b"content", change=None, path=None, method="PUT"):
        request = prepare(method, path or self.path(), headers=headers, body=body, payload=UNSIGNED)
        request.headers.append(("Expect", "100-continue"))
        if change:
            change(request)
        connection = self.connect()
        connection.write(request.head())
        return connection, request

    def test_asks_for_the_body(self):
        connection, request = self.ask()
        self.assertRegex(connection.reader.readline(), rb"HTTP/1.1 100 ")
        self.assertEqual(connection.reader.readline(), b"\r\n")
        connection.write(request.body)
        expect(connection.read(request), 200)
        self.must_be(b"content")

    def test_is_not_needed_without_a_body(self):
        connection, request = self.ask(body=b"")
        expect(connection.read(request), 200)
        self.must_be(b"")

    def test_may_come_with_the_body(self):
        connection, request = self.ask()
        connection.write(request.body)
        expect(connection.read(request), 200)
        self.must_be(b"content")

    def refused(self, connection, request, status, code):
        line = connection.reader.peek(12)[:12]
        self.assertTrue(line.startswith(b"HTTP/1.1 %d" % status), line)
        expect(connection.read(request), status, code=code)

    def test_wrong_signature_is_told_before_the_body(self):
        connection, request = self.ask(change=lambda request: request.set("x-amz-date", "20200101T000000Z"))
        line = connection.reader.peek(12)[:12]
        self.assertRegex(line, rb"HTTP/1.1 40[03]")
        self.must_be_missing()

    def test_missing_bucket_is_told_before_the_body(self):
        self.refused(*self.ask(path="/never-was-there/key"), 404, "NoSuchBucket")

    def test_failed_condition_is_told_before_the_body(self):
        self.put(b"old")
        self.refused(*self.ask({"If-None-Match": "*"}), 412, "PreconditionFailed")
        self.must_be(b"old")

    def test_bad_header_is_told_before_the_body(self):
        self.refused(*self.ask({"Content-MD5": "x"}), 400, "InvalidDigest")

    def test_patch_of_a_missing_object_is_told_before_the_body(self):
        self.refused(*self.ask({"Content-Range": "bytes 0-6/*"}, method="PATCH"), 404, "NoSuchKey")

    def test_append_elsewhere_is_told_before_the_body(self):
        self.put(b"old")
        self.refused(*self.ask({"x-amz-write-offset-bytes": "99"}), 400, "InvalidWriteOffset")

    def test_another_expectation_is_refused(self):
        connection, request = self.ask(change=lambda request: request.set("Expect", "200-ok"))
        self.assertEqual(connection.read(request).status, 417)
        self.must_be_missing()


class Old(ConnectionCase):
    """HTTP/1.0."""

    def old(self, request):
        connection = self.connect()
        connection.write(request.head("HTTP/1.0") + request.body)
        return connection, connection.read(request)

    def test_get_is_answered_and_closed(self):
        self.put()
        connection, answer = self.old(prepare("GET", self.path()))
        expect(answer, 200, body=b"content")
        self.must_be_closed(connection)

    def test_put_is_answered(self):
        _, answer = self.old(prepare("PUT", self.path(), body=b"content"))
        expect(answer, 200)
        self.must_be(b"content")

    def test_is_kept_alive_when_asked(self):
        self.put()
        connection, answer = self.old(prepare("GET", self.path(), headers={"Connection": "keep-alive"}))
        expect(answer, 200, {"Connection": re.compile("keep-alive", re.I)}, body=b"content")
        expect(connection.exchange(prepare("GET", self.path())), 200, body=b"content")


class Heads(BucketCase):
    @rows({"missing key": ("/{bucket}/nothing", 404, "NoSuchKey"),
           "missing bucket": ("/never-was-there", 404, "NoSuchBucket"),
           "key of a missing bucket": ("/never-was-there/key", 404, "NoSuchBucket"),
           "bad escape": ("/{bucket}/%zz", 400, "InvalidURI")})
    def test_of_an_error_has_no_body(self, path, status, code):
        expect(call("HEAD", path.format(bucket=self.bucket)), status, code=code)

    @rows({"of an object": b"content", "of an empty one": b"", "of a large one": pattern_bytes(3 << 20)})
    def test_has_the_headers_of_get(self, body):
        self.put(body, headers={"x-amz-meta-a": "b", "Content-Type": "text/plain"})
        got, head = expect(self.get(), 200), expect(self.head(), 200)
        own = ("x-amz-request-id", "x-amz-id-2", "date")
        self.assertEqual(sorted(pair for pair in head.headers if pair[0].lower() not in own),
                         sorted(pair for pair in got.headers if pair[0].lower() not in own))

    def test_ids_are_of_one_request(self):
        self.put()
        ids = {expect(self.head(), 200).get("x-amz-request-id") for _ in range(20)}
        self.assertEqual(len(ids), 20)

    def test_of_a_large_object_is_as_quick_as_of_a_small_one(self):
        """Ten of them over one connection: a body that was sent would be taken for the next answer."""
        self.put(pattern_bytes(3 << 20))
        with Connection(wire.http_endpoint()) as connection:
            for _ in range(10):
                expect(connection.exchange(prepare("HEAD", self.path())), 200,
                       {"Content-Length": str(3 << 20)})


HOST = b"Host: h\r\n"
LONG = b"a" * 20_000

NO_REQUESTS = {
    "no version": (b"GET /\r\n\r\n", 400), "version 2": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    "version in lower case": (b"GET / http/1.1\r\n" + HOST + b"\r\n", 400),
    "preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "two blanks": (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "blank first": (b" GET / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "blank in the target": (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "control in the target": (b"GET /\x01 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "absolute target": (b"GET http://h/a HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "target of CONNECT": (b"CONNECT h:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "method that is none": (b"G(T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "line feeds alone": (b"GET / HTTP/1.1\nHost: h\n\n", 400),
    "carriage return inside": (b"GET / HTTP/1.1\r\nHost: h\r\rX: y\r\n\r\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "field without colon": (b"GET / HTTP/1.1\r\n" + HOST + b"A\r\n\r\n", 400),
    "field without name": (b"GET / HTTP/1.1\r\n" + HOST + b": b\r\n\r\n", 400),
    "blank before the colon": (b"GET / HTTP/1.1\r\n" + HOST + b"A : b\r\n\r\n", 400),
    "folded field": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400),
    "NUL in a field": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\0c\r\n\r\n", 400),
    "control in a field": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\x7fc\r\n\r\n", 400),
    "target too long": (b"GET /" + LONG + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "field too long": (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + LONG * 2 + b"\r\n\r\n", 431),
    "too many fields": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 300 + b"\r\n", 431),
}
FRAMINGS = {
    "length and chunks": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n",
    "twice the same length": b"Content-Length: 3\r\nContent-Length: 3\r\n",
    "list of lengths": b"Content-Length: 3, 3\r\n",
    "negative length": b"Content-Length: -3\r\n", "length with sign": b"Content-Length: +3\r\n",
    "hex length": b"Content-Length: 0x3\r\n",
    "empty length": b"Content-Length:\r\n", "length of 2^64": b"Content-Length: 18446744073709551619\r\n",
    "unknown encoding": b"Transfer-Encoding: gzip\r\n",
    "encoding before chunked": b"Transfer-Encoding: gzip, chunked\r\n",
    "encoding after chunked": b"Transfer-Encoding: chunked, identity\r\n",
    "identity": b"Transfer-Encoding: identity\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "vertical tab": b"Transfer-Encoding: \x0bchunked\r\n",
}


class Malformed(Case):
    """Answered 4xx and the connection closed: what follows might be another request than the sender meant."""

    def refused(self, data: bytes, status: int):
        with Connection(wire.http_endpoint()) as connection:
            connection.write(data)
            answer = connection.read(Request("GET", "/"))
            self.assertEqual(answer.status, status, answer)
            self.assertRegex(answer.get("Connection") or "", "(?i)close")
            try:
                self.assertEqual(connection.reader.read(1), b"")
            except ConnectionResetError:
                pass

    @rows(NO_REQUESTS)
    def test_request(self, data, status):
        self.refused(data, status)

    @rows(FRAMINGS)
    def test_framing(self, fields):
        smuggled = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
        self.refused(b"PUT /b/k HTTP/1.1\r\n" + HOST + fields + b"\r\n" + b"abc" + smuggled, 400)

    def test_chunks_of_http_1_0(self):
        self.refused(b"PUT /b/k HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)

    @rows({"closed at once": b"", "half a line": b"GET /", "half a head": b"GET / HTTP/1.1\r\nHost: h\r\n"})
    def test_that_ends_early_is_left(self, data):
        with Connection(wire.http_endpoint()) as connection:
            connection.write(data)
            connection.socket.shutdown(socket.SHUT_WR)
            rest = connection.reader.read()
            self.assertTrue(rest == b"" or rest.startswith(b"HTTP/1.1 4"), rest)


class Chunked(ConnectionCase):
    """Chunks of HTTP carrying aws-chunked are covered by payloads; here those that are broken."""

    @rows({"size is none": b"x\r\nab\r\n0\r\n\r\n", "negative size": b"-1\r\na\r\n0\r\n\r\n",
           "prefix": b"0x4\r\nbody\r\n0\r\n\r\n",
           "data too long": b"4\r\nbodyX\r\n0\r\n\r\n",
           "size of 2^64": b"10000000000000000\r\nbody\r\n0\r\n\r\n"})
    def test_is_refused(self, body):
        request = prepare("PUT", self.path(), payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                          headers={"x-amz-decoded-content-length": "4", "Transfer-Encoding": "chunked"})
        connection = self.connect()
        connection.write(request.head() + body)
        try:
            self.assertIn(connection.read(request).status, (400, 411))
        except (http.client.RemoteDisconnected, ConnectionResetError):
            pass
        self.must_be_missing()


class Slow(ConnectionCase):
    def test_head_may_come_byte_by_byte(self):
        self.put()
        request = prepare("GET", self.path())
        connection = self.connect()
        for byte in request.head():
            connection.write(bytes([byte]))
        expect(connection.read(request), 200, body=b"content")

    def test_body_may_come_in_pieces(self):
        body = pattern_bytes(200_000)
        request = prepare("PUT", self.path(), body=body)
        connection = self.connect()
        connection.write(request.head())
        for at in range(0, len(body), 7001):
            connection.write(body[at:at + 7001])
        expect(connection.read(request), 200)
        self.must_be(body)

    def test_reader_that_leaves_harms_nobody(self):
        self.put(pattern_bytes(8 << 20))
        for _ in range(5):
            with Connection(wire.http_endpoint()) as connection:
                connection.write(prepare("GET", self.path()).head())
                connection.reader.read(1000)
        expect(self.head(), 200, {"Content-Length": str(8 << 20)})

    def test_empty_line_before_a_request_is_passed_over(self):
        self.put()
        request = prepare("GET", self.path())
        connection = self.connect()
        connection.write(b"\r\n" + request.head())
        expect(connection.read(request), 200, body=b"content")
