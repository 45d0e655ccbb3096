"""Bodies: what may be said of them, whole or in chunks; one that is not what was said leaves nothing."""
import time

from botocore.credentials import Credentials

from . import chunks, crc, signing, wire
from .chunks import SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER
from .harness import (BucketCase, call, expect, expect_client_error, md5, pattern_bytes, prepare, rows,
                      sha256)
from .signing import UNSIGNED

FORMS = {"signed": SIGNED, "signed with trailer": SIGNED_TRAILER, "unsigned with trailer": UNSIGNED_TRAILER}
CRC = crc.header("CRC32C")


def trailers_of(payload: str, body: bytes) -> dict | None:
    return None if payload == SIGNED else {CRC: crc.checksum("CRC32C", body)}


class Whole(BucketCase):
    @rows({"digest": None, "digest in upper case": "upper", "unsigned": UNSIGNED})
    def test_is_taken(self, payload):
        payload = sha256(b"body").upper() if payload == "upper" else payload
        expect(self.send("PUT", body=b"body", payload=payload), 200)
        self.must_be(b"body")

    @rows({"of another body": sha256(b"other"), "of nothing": signing.EMPTY_SHA256, "zeros": "0" * 64})
    def test_wrong_digest(self, payload):
        expect(self.send("PUT", body=b"body", payload=payload), 400, code="XAmzContentSHA256Mismatch")
        self.must_be_missing()

    @rows({"short": "abc", "no hex": "g" * 64, "empty": "", "unknown": "UNSIGNED",
           "unknown streaming": SIGNED + "-X",
           "lower case": "unsigned-payload", "Version 4A": "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"})
    def test_what_is_said_is_nothing(self, payload):
        expect(self.send("PUT", body=b"body", payload=payload), 400, code="InvalidArgument")
        self.must_be_missing()

    def test_wrong_digest_leaves_the_old_object(self):
        self.put(b"old")
        expect(self.send("PUT", body=b"new!", payload=sha256(b"other")), 400,
               code="XAmzContentSHA256Mismatch")
        self.must_be(b"old")

    def test_wrong_digest_of_a_large_body(self):
        body = pattern_bytes(3 << 20)
        expect(self.send("PUT", body=body, payload=sha256(body[1:])), 400, code="XAmzContentSHA256Mismatch")
        self.must_be_missing()

    def test_body_changed_on_its_way(self):
        request = prepare("PUT", self.path(), body=b"body")
        request.body = b"bodx"
        expect(wire.exchange(wire.http_endpoint(), request), 400, code="XAmzContentSHA256Mismatch")
        self.must_be_missing()

    def test_wrong_digest_of_a_patch_changes_nothing(self):
        self.put(b"old")
        expect(self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"X", payload=sha256(b"Y")),
               400,
               code="XAmzContentSHA256Mismatch")
        self.must_be(b"old")

    def test_wrong_digest_of_an_append_changes_nothing(self):
        self.put(b"old")
        expect(self.send("PUT", headers={"x-amz-write-offset-bytes": "3"}, body=b"X", payload=sha256(b"Y")),
               400,
               code="XAmzContentSHA256Mismatch")
        self.must_be(b"old")


class Md5(BucketCase):
    @rows({"PUT": ("PUT", {}), "PATCH": ("PATCH", {"Content-Range": "bytes 0-/*"}),
           "append": ("PUT", {"x-amz-write-offset-bytes": "0"})})
    def test_that_fits_is_taken(self, method, headers):
        self.put(b"")
        expect(self.send(method, headers={"Content-MD5": md5(b"body"), **headers}, body=b"body"), 200)
        self.must_be(b"body")

    @rows({"PUT": ("PUT", {}), "PATCH": ("PATCH", {"Content-Range": "bytes 0-/*"}),
           "append": ("PUT", {"x-amz-write-offset-bytes": "3"})})
    def test_that_does_not_fit_changes_nothing(self, method, headers):
        self.put(b"old")
        expect(self.send(method, headers={"Content-MD5": md5(b"other"), **headers}, body=b"body"), 400,
               code="BadDigest")
        self.must_be(b"old")

    @rows({"hex": "d41d8cd98f00b204e9800998ecf8427e", "no base64": "!" * 24, "short": "AAAA", "empty": "",
           "without padding": md5(b"body").rstrip("="), "of 15 bytes": "AAAAAAAAAAAAAAAAAAAA",
           "of 17 bytes": "AAAAAAAAAAAAAAAAAAAAAAA=", "url-safe": "-" * 22 + "=="})
    def test_that_is_none_changes_nothing(self, value):
        expect(self.send("PUT", headers={"Content-MD5": value}, body=b"body"), 400, code="InvalidDigest")
        self.must_be_missing()


BODY = pattern_bytes(100_000)


class Chunks(BucketCase):
    @rows({f"{name}, {what}": (payload, body, sizes) for name, payload in FORMS.items() for what, body,
           sizes in (
        ("one", BODY, [100_000]), ("many", BODY, [8192] * 12 + [1696]), ("odd", BODY, [1, 99_998, 1]),
        ("empty", b"", []), ("a byte", b"x", [1]))})
    def test_come_as_they_may(self, payload, body, sizes):
        expect(chunks.send(self.path(), body, payload, sizes=sizes, trailers=trailers_of(payload, body)), 200)
        self.must_be(body)

    @rows(FORMS)
    def test_above_several_pieces(self, payload):
        body = pattern_bytes(9 << 20)
        trailers = None if payload == SIGNED else {crc.header("SHA256"): crc.checksum("SHA256", body)}
        expect(chunks.send(self.path(), body, payload, sizes=[1 << 20] * 9, trailers=trailers), 200)
        self.must_be(body)

    @rows(FORMS)
    def test_may_come_in_chunks_of_http(self, payload):
        expect(chunks.send(self.path(), b"body", payload, trailers=trailers_of(payload, b"body"),
                           http_chunks=True), 200)
        self.must_be(b"body")

    @rows({"alone": ("aws-chunked", None), "first": ("aws-chunked,gzip", "gzip"),
           "last": ("gzip, aws-chunked", "gzip"),
           "upper case": ("AWS-Chunked", None), "between": ("gzip,aws-chunked,br", "gzip,br"),
           "not said": (None, None)})
    def test_leave_no_trace_in_the_encoding(self, sent, stored):
        expect(chunks.send(self.path(), b"body", SIGNED, headers={"Content-Encoding": sent}), 200)
        expect(self.get(), 200, {"Content-Encoding": stored}, body=b"body")

    @rows({"PATCH": ("PATCH", {"Content-Range": "bytes 1-/*"}, b"cbodynt"),
           "append": ("PUT", {"x-amz-write-offset-bytes": "7"}, b"contentbody")})
    def test_carry_other_writes(self, method, headers, after):
        for name, payload in FORMS.items():
            self.put(b"content")
            answer = chunks.send(self.path(), b"body", payload, method=method, headers=headers,
                                 trailers=trailers_of(payload, b"body"))
            with self.subTest(name):
                expect(answer, 200, {"x-amz-object-size": str(len(after))})
                self.must_be(after)

    def test_may_carry_documents(self):
        self.put()
        document = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
        expect(chunks.send(self.path() + "?tagging", document, SIGNED), 200)
        expect(self.head(), 200, {"x-amz-tagging-count": "1"})


def flip(piece: bytes, at: int) -> bytes:
    return piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1:]


def on(index: int, change):
    """A change of one of the pieces."""
    def changed(pieces):
        pieces[index] = change(pieces[index])
        return pieces
    return changed


def cut_signature(piece: bytes) -> bytes:
    size, _, rest = piece.partition(b";")
    return size + rest[rest.index(b"\r\n"):]


def wrong_signature(piece: bytes) -> bytes:
    return flip(piece, piece.index(b"signature=") + 20)


def swapped(pieces):
    return [pieces[1], pieces[0]] + pieces[2:]


BOTH_SIGNED = {"signed": SIGNED, "signed with trailer": SIGNED_TRAILER}
BOTH_TRAILERS = {"signed": SIGNED_TRAILER, "unsigned": UNSIGNED_TRAILER}


class WrongChunks(BucketCase):
    BODY = pattern_bytes(30_000)

    def refused(self, payload, code, status=400, **options):
        self.put(b"old")
        options.setdefault("trailers", trailers_of(payload, self.BODY))
        answer = chunks.send(self.path(), self.BODY, payload, sizes=[10_000] * 3, **options)
        expect(answer, status, code=code)
        self.must_be(b"old")

    @rows({f"{form}, {what}": (payload, change) for form, payload in BOTH_SIGNED.items() for what, change in {
        "signature of the first": on(0, wrong_signature), "signature of the third": on(2, wrong_signature),
        "signature of the last": on(3, wrong_signature),
        "data of the first": on(0, lambda piece: flip(piece, 200)),
        "data of the third": on(2, lambda piece: flip(piece, -10)), "swapped": swapped,
        "repeated": lambda pieces: [pieces[0], pieces[0]] + pieces[2:]}.items()})
    def test_that_do_not_verify(self, payload, change):
        self.refused(payload, "SignatureDoesNotMatch", 403, change=change)

    @rows({f"{form}, {what}": (payload, change) for form, payload in FORMS.items() for what, change in {
        "end": lambda pieces: pieces[:3], "one": lambda pieces: pieces[:2] + pieces[3:],
        "half of one": on(2, lambda piece: piece[:5000]), "all": lambda pieces: [b""],
        "all but the end": lambda pieces: pieces[3:]}.items()})
    def test_that_are_missing(self, payload, change):
        """Behind one cut in half all is taken for data: its signature is wrong, or the end is missing."""
        self.put(b"old")
        answer = chunks.send(self.path(), self.BODY, payload, sizes=[10_000] * 3, change=change,
                             trailers=trailers_of(payload, self.BODY))
        expect_client_error(answer)
        self.must_be(b"old")

    @rows({f"{form}, {what}": (payload, what) for form,
           payload in FORMS.items() for what in ("29999", "30001", "0")})
    def test_of_another_length(self, payload, length):
        self.refused(payload, "IncompleteBody", length=length)

    @rows(FORMS)
    def test_of_no_length(self, payload):
        self.refused(payload, "MissingContentLength", 411, length=None)

    @rows({"words": "many", "negative": "-1", "fraction": "1.5", "hex": "0x10", "enormous": "9" * 40})
    def test_of_a_length_that_is_none(self, length):
        self.refused(SIGNED, "InvalidArgument", length=length)

    @rows({f"{form}, {what}": (payload, change) for form, payload in FORMS.items() for what, change in {
        "size is none": on(1, lambda piece: b"z" + piece),
        "size is negative": on(0, lambda piece: b"-" + piece),
        "size has a prefix": on(0, lambda piece: b"0x" + piece), "empty size": on(0, lambda piece: piece[4:]),
        "line without end": on(0, lambda piece: b"0" * 2000 + piece),
        "data without line end": on(0, lambda piece: piece[:-2]),
        "rubbish at the end": on(3, lambda piece: piece + b"rubbish\r\n")}.items()})
    def test_that_are_malformed(self, payload, change):
        """The code depends on what is seen first; that nothing is stored does not."""
        self.put(b"old")
        answer = chunks.send(self.path(), self.BODY, payload, sizes=[10_000] * 3, change=change,
                             trailers=trailers_of(payload, self.BODY))
        expect_client_error(answer)
        self.must_be(b"old")

    @rows({"missing": on(1, cut_signature),
           "of another name": on(0, lambda piece: piece.replace(b"chunk-", b"chonk-")),
           "empty": on(0, lambda piece: piece[:piece.index(b"=") + 1] + piece[piece.index(b"\r"):])})
    def test_signature_of_a_chunk(self, change):
        self.put(b"old")
        answer = chunks.send(self.path(), self.BODY, SIGNED, sizes=[10_000] * 3, change=change)
        expect_client_error(answer)
        self.must_be(b"old")

    def test_signed_with_another_secret(self):
        headers = {"x-amz-decoded-content-length": "4", "Content-Encoding": "aws-chunked"}
        request = prepare("PUT", self.path(), headers=headers, payload=SIGNED)
        other = signing.sign(prepare("PUT", self.path(), headers=headers, auth="none"), SIGNED,
                             credentials=Credentials(signing.keys().access_key, "x" * 40))
        other.last = request.get("Authorization")[-64:]
        request.body = b"".join(chunks.encode(b"body", other, [4], None, False))
        request.set("Content-Length", str(len(request.body)))
        expect(wire.exchange(wire.http_endpoint(), request), 403, code="SignatureDoesNotMatch")
        self.must_be_missing()

    def test_signed_in_a_request_that_is_not(self):
        headers = {"x-amz-decoded-content-length": "4", "x-amz-content-sha256": SIGNED}
        expect(call("PUT", self.path(), headers=headers, body=b"body", auth="none"), 403, code="AccessDenied")

    def test_plain_body_that_was_said_to_be_chunks(self):
        headers = {"x-amz-decoded-content-length": "4"}
        answer = self.send("PUT", headers=headers, body=b"body", payload=UNSIGNED_TRAILER)
        expect_client_error(answer)
        self.must_be_missing()


class WrongTrailers(BucketCase):
    BODY = b"body of some length"

    def refused(self, payload, status, code, **options):
        self.put(b"old")
        expect(chunks.send(self.path(), self.BODY, payload, **options), status, code=code)
        self.must_be(b"old")

    @rows(BOTH_TRAILERS)
    def test_checksum_of_another_body(self, payload):
        self.refused(payload, 400, "BadDigest", trailers={CRC: crc.checksum("CRC32C", b"other")})

    @rows({f"{form}, {what}": (payload, value) for form, payload in BOTH_TRAILERS.items()
           for what, value in (("short", "AAA="), ("no base64", "!!!!!!=="), ("empty", ""),
                               ("of 8 bytes", "AAAAAAAAAAA="))})
    def test_checksum_is_none(self, payload, value):
        self.refused(payload, 400, "InvalidRequest", trailers={CRC: value})

    @rows(BOTH_TRAILERS)
    def test_not_announced(self, payload):
        self.refused(payload, 400, "MalformedTrailerError",
                     headers={"x-amz-trailer": "x-amz-checksum-sha256"},
                     trailers={CRC: crc.checksum("CRC32C", self.BODY)})

    def test_does_not_come(self):
        drop = on(-1, lambda piece: b"0\r\n\r\n")
        self.refused(UNSIGNED_TRAILER, 400, "MalformedTrailerError",
                     trailers=trailers_of(UNSIGNED_TRAILER, self.BODY),
                     change=drop)

    def test_comes_twice(self):
        twice = on(-1, lambda piece: piece[:3] + piece[3:-2] * 2 + b"\r\n")
        self.refused(UNSIGNED_TRAILER, 400, "MalformedTrailerError",
                     trailers=trailers_of(UNSIGNED_TRAILER, self.BODY),
                     change=twice)

    def test_has_no_colon(self):
        self.refused(UNSIGNED_TRAILER, 400, "MalformedTrailerError",
                     trailers=trailers_of(UNSIGNED_TRAILER, self.BODY),
                     change=on(-1, lambda piece: piece.replace(b":", b" ")))

    def test_wrong_signature(self):
        self.refused(SIGNED_TRAILER, 403, "SignatureDoesNotMatch",
                     trailers=trailers_of(SIGNED_TRAILER, self.BODY),
                     change=on(-1, lambda piece: flip(piece, piece.index(b"trailer-signature:") + 30)))

    def test_changed_after_signing(self):
        change = on(-1, lambda piece: flip(piece, piece.index(CRC.encode() + b":") + len(CRC) + 2))
        self.refused(SIGNED_TRAILER, 403, "SignatureDoesNotMatch",
                     trailers=trailers_of(SIGNED_TRAILER, self.BODY),
                     change=change)


class Lengths(BucketCase):
    def bare(self, headers, body=b"", method="PUT", payload=UNSIGNED, framing=()):
        """With exactly these framing headers."""
        request = prepare(method, self.path(), headers=headers, payload=payload)
        request.drop("Content-Length")
        request.headers += list(framing)
        request.body = body
        return wire.exchange(wire.http_endpoint(), request)

    def test_in_chunks_of_http_is_not_known(self):
        answer = self.bare({}, b"4\r\nbody\r\n0\r\n\r\n", framing=[("Transfer-Encoding", "chunked")])
        expect(answer, 411, code="MissingContentLength")
        self.must_be_missing()

    def test_patch_in_chunks_of_http_is_not_known(self):
        self.put(b"old")
        answer = self.bare({"Content-Range": "bytes 0-/*"}, b"4\r\nbody\r\n0\r\n\r\n", "PATCH",
                           framing=[("Transfer-Encoding", "chunked")])
        expect(answer, 411, code="MissingContentLength")
        self.must_be(b"old")

    def test_not_said_at_all(self):
        expect(self.bare({}), 411, code="MissingContentLength")
        self.must_be_missing()

    @rows({"PUT": ("PUT", {}), "append": ("PUT", {"x-amz-write-offset-bytes": "3"}),
           "PATCH": ("PATCH", {"Content-Range": "bytes 0-/*"})})
    def test_above_5_gib(self, method, headers):
        self.put(b"old")
        framing = [("Content-Length", str((5 << 30) + 1)), ("Expect", "100-continue")]
        expect(self.bare(headers, method=method, framing=framing), 400, code="EntityTooLarge")
        self.must_be(b"old")

    def test_above_5_gib_in_chunks(self):
        headers = {"x-amz-decoded-content-length": str((5 << 30) + 1)}
        framing = [("Content-Length", str(6 << 30)), ("Expect", "100-continue")]
        expect(self.bare(headers, payload=SIGNED, framing=framing), 400, code="EntityTooLarge")
        self.must_be_missing()

    @rows({"nothing": b"", "a part": b"x" * 50_000, "all but a byte": b"x" * 99_999})
    def test_of_a_body_that_is_cut_off(self, part):
        self.put(b"old")
        request = prepare("PUT", self.path(), payload=UNSIGNED)
        request.set("Content-Length", "100000")
        with wire.Connection(wire.http_endpoint()) as connection:
            connection.write(request.head() + part)
        for _ in range(5):
            time.sleep(0.02)
            self.must_be(b"old")

    def test_document_too_large(self):
        self.put()
        document = b"<Tagging>" + b" " * (5 << 20) + b"<TagSet/></Tagging>"
        expect_client_error(self.send("PUT", query="tagging", body=document))
        expect(self.head(), 200, {"x-amz-tagging-count": None})
