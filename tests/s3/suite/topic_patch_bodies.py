"""PATCH with its ranges in the body: message/byterange, multipart/byteranges; repeats by a client token."""
import re
import uuid

from .harness import expect, pattern_bytes, rows
from .topic_patches import OLD, PatchCase, applied

ACCEPT_PATCH = {"application/octet-stream", "message/byterange", "multipart/byteranges"}
BOUNDARY = "----a-boundary"


def message(content_range: str | None, body: bytes, headers: str = "") -> bytes:
    line = "" if content_range is None else f"Content-Range: {content_range}\r\n"
    return f"{headers}{line}\r\n".encode() + body


def multipart(*parts: bytes, boundary: str = BOUNDARY, preamble: bytes = b"", end: str = "--") -> bytes:
    body = preamble
    for part in parts:
        body += f"--{boundary}\r\n".encode() + part + b"\r\n"
    return body + f"--{boundary}{end}\r\n".encode()


class Message(PatchCase):
    def send_message(self, body, headers=None):
        return self.patch(None, body, {"Content-Type": "message/byterange", **(headers or {})})

    @rows({"inside": ("bytes 4-6/*", 4), "open": ("bytes 4-/*", 4), "across the end": ("bytes 9-11/*", 9),
           "at the end": ("bytes 10-12/*", 10), "with a size": ("bytes 4-6/10", 4)})
    def test_goes_to_its_place(self, content_range, at):
        self.put(OLD)
        after = applied(OLD, at, b"abc")
        self.patched(self.send_message(message(content_range, b"abc")), len(after))
        self.must_be(after)

    def test_other_fields_are_passed_over(self):
        self.put(OLD)
        self.patched(self.send_message(message("bytes 4-6/*", b"abc", "Content-Type: text/plain\r\n")), 10)
        self.must_be(applied(OLD, 4, b"abc"))

    @rows({"no range": message(None, b"abc"), "malformed range": message("bytes x", b"abc"),
           "length does not agree": message("bytes 4-7/*", b"abc"),
           "no empty line": b"Content-Range: bytes 4-6/*\r\nabc",
           "no colon": b"Content-Range bytes 4-6/*\r\n\r\nabc", "empty": b"", "two ranges": message(
               "bytes 4-6/*", b"abc", "Content-Range: bytes 0-2/*\r\n"),
           "unknown length": message(None, b"abc", "Content-Offset: 4\r\n")})
    def test_is_refused(self, body):
        self.put(OLD)
        answer = self.send_message(body)
        self.assertEqual(answer.status, 400)
        self.must_be(OLD)

    def test_range_in_header_and_body_is_refused(self):
        self.put(OLD)
        answer = self.send_message(message("bytes 4-6/*", b"abc"), {"Content-Range": "bytes 0-2/*"})
        expect(answer, 400, code=re.search(rb"<Code>(\w+)", answer.body)[1].decode())
        self.must_be(OLD)

    def test_beyond_the_end(self):
        self.put(OLD)
        expect(self.send_message(message("bytes 11-13/*", b"abc")), 416, {"Content-Range": "bytes */10"},
               code="InvalidRange")
        self.must_be(OLD)


class Multipart(PatchCase):
    def send_parts(self, body, boundary=BOUNDARY, headers=None):
        return self.patch(None, body, {"Content-Type": f"multipart/byteranges; boundary={boundary}",
                                       **(headers or {})})

    @rows({"one": [("bytes 4-6/*", 4, b"abc")], "two": [("bytes 0-0/*", 0, b"A"), ("bytes 8-9/*", 8, b"YZ")],
           "out of order": [("bytes 8-9/*", 8, b"YZ"), ("bytes 0-0/*", 0, b"A")],
           "side by side": [("bytes 2-3/*", 2, b"CD"), ("bytes 4-5/*", 4, b"EF")],
           "with an append": [("bytes 0-0/*", 0, b"A"), ("bytes 10-12/*", 10, b"xyz")],
           "large": [("bytes 1-2/*", 1, b"BC"), ("bytes 10-200009/*", 10, pattern_bytes(200_000))],
           "of many mebibytes": [("bytes 10-9437193/*", 10, pattern_bytes(9 << 20)),
                                 ("bytes 9437194-20971529/*", 9437194, pattern_bytes(11 << 20, seed=2))]})
    def test_all_go_to_their_places(self, parts):
        self.put(OLD)
        after = OLD
        for _, at, body in parts:
            after = applied(after, at, body)
        self.patched(self.send_parts(multipart(*(message(span, body) for span, _, body in parts))),
                     len(after))
        self.must_be(after)

    def test_a_part_may_hold_the_boundary(self):
        self.put(OLD)
        evil = f"\r\n--{BOUNDARY}--\r\n".encode()
        self.patched(self.send_parts(multipart(message(f"bytes 0-{len(evil) - 1}/*", evil))), len(evil))
        self.must_be(evil)

    def test_quoted_boundary_and_preamble(self):
        self.put(OLD)
        body = multipart(message("bytes 4-6/*", b"abc"), boundary="a b", preamble=b"preamble\r\n")
        self.patched(self.send_parts(body, '"a b"'), 10)
        self.must_be(applied(OLD, 4, b"abc"))

    def test_1000_parts(self):
        old = bytes(2000)
        self.put(old)
        parts = [message(f"bytes {2 * n}-{2 * n}/*", b"x") for n in range(1000)]
        self.patched(self.send_parts(multipart(*parts)), 2000)
        self.must_be(b"x\0" * 1000)

    def test_1001_parts_are_too_many(self):
        old = bytes(2002)
        self.put(old)
        answer = self.send_parts(multipart(*(message(f"bytes {2 * n}-{2 * n}/*", b"x") for n in range(1001))))
        expect(answer, 400, code="InvalidRequest")
        self.must_be(old)

    @rows({"overlap": (("bytes 2-4/*", b"abc"), ("bytes 4-6/*", b"def")),
           "same": (("bytes 2-2/*", b"a"), ("bytes 2-2/*", b"b")),
           "inside": (("bytes 0-9/*", b"0" * 10), ("bytes 3-3/*", b"x"))})
    def test_that_overlap_are_refused(self, *parts):
        self.put(OLD)
        answer = self.send_parts(multipart(*(message(span, body) for span, body in parts)))
        expect(answer, 400, code="InvalidRequest")
        self.must_be(OLD)

    @rows({"no range": multipart(message("bytes 0-0/*", b"A"), message(None, b"abc")), "empty": b"",
           "no parts": multipart(), "no end": multipart(message("bytes 0-0/*", b"A"), end=""),
           "cut short": multipart(message("bytes 0-9/*", b"0123456789"))[:40],
           "length does not agree": multipart(message("bytes 0-5/*", b"A")),
           "another boundary": multipart(message("bytes 0-0/*", b"A"), boundary="other"),
           "unknown length": multipart(message(None, b"A", "Content-Offset: 4\r\n"))})
    def test_is_refused(self, body):
        self.put(OLD)
        self.assertEqual(self.send_parts(body).status, 400)
        self.must_be(OLD)

    def test_without_a_boundary(self):
        self.put(OLD)
        answer = self.patch(None, multipart(message("bytes 0-0/*", b"A")),
                            {"Content-Type": "multipart/byteranges"})
        self.assertEqual(answer.status, 400)
        self.must_be(OLD)

    def test_one_beyond_the_end_writes_none(self):
        self.put(OLD)
        answer = self.send_parts(multipart(message("bytes 0-0/*", b"A"), message("bytes 50-50/*", b"B")))
        expect(answer, 416, {"Content-Range": "bytes */10"}, code="InvalidRange")
        self.must_be(OLD)

    def test_discovery_names_all_forms(self):
        answer = expect(self.send("OPTIONS", auth="none"), 200)
        self.assertEqual({kind.strip() for kind in answer.get("Accept-Patch").split(",")}, ACCEPT_PATCH)


class Token(PatchCase):
    """x-amz-client-token: a repeat does nothing and answers as the first did."""

    def setUp(self):
        super().setUp()
        self.token = {"x-amz-client-token": uuid.uuid4().hex}

    def test_repeat_answers_the_same(self):
        self.put(OLD)
        first = self.patched(self.patch("bytes 10-12/*", b"abc", self.token), 13)
        again = self.patched(self.patch("bytes 10-12/*", b"abc", self.token), 13)
        self.assertEqual(again.get("ETag"), first.get("ETag"))
        self.must_be(OLD + b"abc")

    def test_repeat_does_not_undo_what_came_between(self):
        self.put(OLD)
        self.patched(self.patch("bytes 0-0/*", b"A", self.token), 10)
        self.patched(self.patch("bytes 0-0/*", b"B"), 10)
        expect(self.patch("bytes 0-0/*", b"A", self.token), 200)
        self.must_be(b"B" + OLD[1:])

    def test_repeat_of_an_append(self):
        self.put(OLD)
        expect(self.append(10, b"abc", self.token), 200, {"x-amz-object-size": "13"})
        expect(self.append(10, b"abc", self.token), 200, {"x-amz-object-size": "13"})
        self.must_be(OLD + b"abc")

    @rows({"bytes": ("bytes 0-0/*", b"B"), "place": ("bytes 1-1/*", b"A"), "length": ("bytes 0-1/*", b"AB")})
    def test_repeat_with_others_is_refused(self, content_range, body):
        self.put(OLD)
        self.patched(self.patch("bytes 0-0/*", b"A", self.token), 10)
        expect(self.patch(content_range, body, self.token), 400, code="IdempotencyParameterMismatch")
        self.must_be(b"A" + OLD[1:])

    def test_is_of_its_key(self):
        self.put(OLD)
        self.put(OLD, self.key + "/other")
        self.patched(self.patch("bytes 0-0/*", b"A", self.token), 10)
        answer = self.send("PATCH", self.key + "/other",
                           headers=self.token | {"Content-Range": "bytes 0-0/*"}, body=b"B")
        self.patched(answer, 10)
        self.must_be(b"B" + OLD[1:], self.key + "/other")

    @rows({"empty": "", "of 65": "x" * 65, "not printable": "a\tb", "not ASCII": "é"})
    def test_is_refused(self, token):
        self.put(OLD)
        expect(self.patch("bytes 0-0/*", b"A", {"x-amz-client-token": token}), 400, code="InvalidArgument")
        self.must_be(OLD)
