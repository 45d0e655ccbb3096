"""Ranged GET and HEAD: against a slice of the bytes."""
from concurrent.futures import ThreadPoolExecutor

from .harness import BucketCase, call, expect, pattern_bytes, rows

SIZE = 1000
BODY = pattern_bytes(SIZE)
LARGE = pattern_bytes((10 << 20) + 7, seed=2)
HUGE = "9" * 30

# header -> the first byte and the one behind the last, of 1000
TAKEN = {
    "bytes=0-0": (0, 1), "bytes=0-": (0, 1000), "bytes=0-999": (0, 1000), "bytes=0-1000": (0, 1000),
    f"bytes=0-{HUGE}": (0, 1000), "bytes=999-": (999, 1000), "bytes=999-999": (999, 1000),
    "bytes=500-": (500, 1000),
    "bytes=1-1": (1, 2), "bytes=100-199": (100, 200), "bytes=990-2000": (990, 1000), "bytes=-1": (999, 1000),
    "bytes=-10": (990, 1000), "bytes=-1000": (0, 1000), "bytes=-1001": (0, 1000), f"bytes=-{HUGE}": (0, 1000),
    "bytes=0010-0019": (10, 20), "Bytes=5-9": (5, 10),
}
UNSATISFIABLE = ("bytes=1000-", "bytes=1000-1001", "bytes=2000-3000", f"bytes={HUGE}-", "bytes=-0")
IGNORED = (
    "bytes=0-1,3-4", "bytes=0-0,-1", "bytes=0-1,", "bytes=", "bytes=-", "bytes", "0-1", "bytes 0-1",
    "bytes:0-1",
    "bytes=5-4", "bytes=a-b", "bytes=1-x", "bytes=x-1", "bytes=--1", "bytes=1-2-3", "bytes=+1-2",
    "bytes=1.0-2",
    "bytes=0x1-2", "bytes=1", "octets=0-1", "items=0-1", "rubbish", "",
)


class RangeCase(BucketCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for key, body in (("thousand", BODY), ("empty", b""), ("large", LARGE)):
            expect(call("PUT", f"/{cls.bucket}/{key}", body=body), 200)

    def ranged(self, key, header, method="GET"):
        return self.send(method, key, headers={"Range": header})


class Ranges(RangeCase):
    @rows({header: (header, *span) for header, span in TAKEN.items()})
    def test_is_sent(self, header, begin, end):
        headers = {"Content-Range": f"bytes {begin}-{end - 1}/{SIZE}", "Content-Length": str(end - begin),
                   "Accept-Ranges": "bytes"}
        expect(self.ranged("thousand", header), 206, headers, body=BODY[begin:end])
        expect(self.ranged("thousand", header, "HEAD"), 206, headers)

    @rows({header: header for header in UNSATISFIABLE})
    def test_is_not_satisfiable(self, header):
        headers = {"Content-Range": f"bytes */{SIZE}"}
        expect(self.ranged("thousand", header), 416, headers, code="InvalidRange")
        expect(self.ranged("thousand", header, "HEAD"), 416, headers, code="InvalidRange")

    @rows({header or "empty": header for header in IGNORED})
    def test_is_ignored(self, header):
        headers = {"Content-Range": None, "Content-Length": str(SIZE)}
        expect(self.ranged("thousand", header), 200, headers, body=BODY)

    @rows({header: header for header in ("bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=1-")})
    def test_of_an_empty_object_is_not_satisfiable(self, header):
        expect(self.ranged("empty", header), 416, {"Content-Range": "bytes */0"}, code="InvalidRange")

    @rows({f"{begin}-{end}": (begin, end) for begin, end in (
        (0, 1), (0, len(LARGE)), (len(LARGE) - 1, len(LARGE)), ((1 << 20) - 1, (1 << 20) + 1),
        ((4 << 20) - 3, (4 << 20) + 3), (12_345, 9_876_543), (8 << 20, (8 << 20) + 65_536))})
    def test_of_a_large_object(self, begin, end):
        headers = {"Content-Range": f"bytes {begin}-{end - 1}/{len(LARGE)}"}
        expect(self.ranged("large", f"bytes={begin}-{end - 1}"), 206, headers, body=LARGE[begin:end])

    def test_twice_in_a_request_is_refused_or_ignored(self):
        answer = self.send("GET", "thousand", headers=[("Range", "bytes=0-1"), ("Range", "bytes=2-3")])
        if answer.status == 200:
            expect(answer, 200, body=BODY)
        else:
            expect(answer, 400, code="InvalidArgument")

    def test_of_a_missing_object(self):
        expect(self.ranged("nothing", "bytes=0-1"), 404, code="NoSuchKey")

    def test_with_a_condition_that_fails(self):
        answer = self.send("GET", "thousand", headers={"Range": "bytes=0-1", "If-Match": '"other"'})
        expect(answer, 412, code="PreconditionFailed")

    def test_with_a_condition_that_holds(self):
        etag = expect(self.head("thousand"), 200).get("ETag")
        answer = self.send("GET", "thousand", headers={"Range": "bytes=0-1", "If-Match": etag})
        expect(answer, 206, body=BODY[:2])

    def test_not_modified_comes_before_the_range(self):
        etag = expect(self.head("thousand"), 200).get("ETag")
        answer = self.send("GET", "thousand", headers={"Range": "bytes=5000-", "If-None-Match": etag})
        expect(answer, 304)

    def test_after_a_patch_are_of_the_new_bytes(self):
        self.put(b"0123456789")
        expect(self.send("PATCH", headers={"Content-Range": "bytes 4-5/*"}, body=b"XY"), 200)
        expect(self.get(headers={"Range": "bytes=3-6"}), 206, {"Content-Range": "bytes 3-6/10"}, body=b"3XY6")

    def test_by_many_at_once(self):
        step = 700_001
        spans = [(at, min(at + step, len(LARGE))) for at in range(0, len(LARGE), step)]
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda span: self.ranged("large", f"bytes={span[0]}-{span[1] - 1}"), spans)
            self.assertEqual(b"".join(expect(answer, 206).body for answer in answers), LARGE)
