"""PATCH and append: against a bytearray. Content-Range in the header, conditions, errors, races."""
import random
import re
from concurrent.futures import ThreadPoolExecutor

from .harness import (ISO_DATE, OPAQUE_ETAG, QUOTED_ETAG, BucketCase, at_once, call, expect, http_date, md5,
                      parse_xml, pattern_bytes, rows, winner)

HUGE = "9" * 30
OTHER = '"0123456789abcdef0123456789abcdef"'


class PatchCase(BucketCase):
    def patch(self, content_range: str | None, body: bytes = b"", headers: dict | None = None, **options):
        given = {} if content_range is None else {"Content-Range": content_range}
        return self.send("PATCH", headers=given | (headers or {}), body=body, **options)

    def append(self, offset: int | str, body: bytes, headers: dict | None = None):
        return self.send("PUT", headers={"x-amz-write-offset-bytes": str(offset), **(headers or {})},
                         body=body)

    def patched(self, answer, size: int):
        """The answer to a patch that was done."""
        expect(answer, 200, {"ETag": OPAQUE_ETAG, "x-amz-object-size": str(size),
                             "Content-Type": "application/xml"})
        document = parse_xml(answer)
        self.assertEqual([document.tag] + [element.tag for element in document.iter()][1:],
                         ["PatchObjectResult", "Object", "LastModified", "ETag"])
        self.assertRegex(document.findtext("Object/LastModified"), ISO_DATE)
        self.assertEqual(document.findtext("Object/ETag"), answer.get("ETag"))
        return answer


OLD = b"0123456789"


def applied(old: bytes, at: int, new: bytes) -> bytes:
    model = bytearray(old)
    model[at:at + len(new)] = new
    return bytes(model)


# Content-Range of a patch of b"abc" -> where it goes in 10 bytes
PLACES = {
    "bytes 0-2/*": 0, "bytes 4-6/*": 4, "bytes 7-9/*": 7, "bytes 8-10/*": 8, "bytes 9-11/*": 9,
    "bytes 10-12/*": 10,
    "bytes 0-/*": 0, "bytes 5-/*": 5, "bytes 10-/*": 10, "bytes 4-6/10": 4, "bytes 4-6/5": 4,
    f"bytes 4-6/{HUGE}": 4,
    "bytes 4-/10": 4, "Bytes 4-6/*": 4, "bytes 004-006/*": 4,
}
MALFORMED = (
    "", "bytes", "bytes ", "4-6/*", "bytes=4-6/*", "bytes 4-6", "bytes 4/*", "bytes -3/*", "bytes -/*",
    "bytes 6-4/*",
    "bytes a-b/*", "bytes 4-x/*", "bytes x-6/*", "bytes 4-6/x", "bytes 4-6/", "bytes 4-6/-1", "bytes +4-6/*",
    "bytes 4--6/*", "bytes 4-6-8/*", "bytes 0x4-6/*", "bytes 4.0-6/*", "octets 4-6/*", "bytes 4-6/*, 8-10/*",
    "bytes */*", "bytes */", "bytes */x", "bytes */-1",
)


class Ranges(PatchCase):
    @rows({header: (header, at) for header, at in PLACES.items()})
    def test_goes_to_its_place(self, header, at):
        self.put(OLD)
        after = applied(OLD, at, b"abc")
        self.patched(self.patch(header, b"abc"), len(after))
        self.must_be(after)

    @rows({header or "empty": header for header in MALFORMED})
    def test_is_malformed(self, header):
        self.put(OLD)
        expect(self.patch(header, b"abc"), 400, code="InvalidArgument")
        self.must_be(OLD)

    @rows({"too short": "bytes 4-7/*", "too long": "bytes 4-5/*", "one byte": "bytes 4-4/*",
           "enormous": f"bytes 4-{HUGE}/*"})
    def test_does_not_agree_with_the_length(self, header):
        self.put(OLD)
        expect(self.patch(header, b"abc"), 400, code="InvalidArgument")
        self.must_be(OLD)

    @rows({"whole": "bytes 0-0/*", "open": "bytes 4-/*"})
    def test_of_no_bytes_is_refused(self, header):
        self.put(OLD)
        expect(self.patch(header), 400, code="InvalidArgument")
        self.must_be(OLD)

    @rows({"by one": "bytes 11-13/*", "open": "bytes 11-/*", "far": "bytes 1000000-1000002/*"})
    def test_beyond_the_end_is_not_satisfiable(self, header):
        self.put(OLD)
        expect(self.patch(header, b"abc"), 416, {"Content-Range": "bytes */10"}, code="InvalidRange")
        self.must_be(OLD)

    @rows({"above 2^43": f"bytes {1 << 43}-/*", "above 2^63": f"bytes {1 << 63}-/*",
           "enormous": f"bytes {HUGE}-/*"})
    def test_beyond_what_an_object_can_have(self, header):
        self.put(OLD)
        answer = self.patch(header, b"abc")
        self.assertIn(answer.status, (400, 416))
        expect(answer, answer.status, code={400: "EntityTooLarge", 416: "InvalidRange"}[answer.status])
        self.must_be(OLD)

    def test_of_an_empty_object_appends(self):
        self.put(b"")
        self.patched(self.patch("bytes 0-2/*", b"abc"), 3)
        self.must_be(b"abc")

    @rows({f"{at} of {size}": (at, size) for at, size in (
        (0, 70_000), (65_535, 2), (1 << 20, 1), ((1 << 20) - 1, 3), (12_345, 1 << 20), ((3 << 20) - 1, 1),
        (3 << 20, 5),
        ((3 << 20) - 100, 200_000))})
    def test_of_a_large_object(self, at, size):
        old, new = pattern_bytes(3 << 20), pattern_bytes(size, seed=at + 1)
        self.put(old)
        after = applied(old, at, new)
        self.patched(self.patch(f"bytes {at}-{at + size - 1}/*", new), len(after))
        self.must_be(after)

    def test_of_many_mebibytes(self):
        self.put(b"head")
        new = pattern_bytes(20 << 20)
        self.patched(self.patch("bytes 2-/*", new), len(new) + 2)
        self.must_be(b"he" + new)

    def test_of_many_mebibytes_with_a_wrong_checksum_writes_none(self):
        self.put(OLD)
        answer = self.patch("bytes 2-/*", pattern_bytes(20 << 20), {"x-amz-checksum-crc32": "AAAAAA=="})
        expect(answer, 400, code="BadDigest")
        self.must_be(OLD)


class Size(PatchCase):
    @rows({"cut": 4, "cut to nothing": 0, "as it is": 10, "extended": 25, "extended far": 3_000_000})
    def test_is_set(self, size):
        self.put(OLD)
        after = (OLD + bytes(max(0, size - 10)))[:size]
        self.patched(self.patch(f"bytes */{size}"), size)
        self.must_be(after)

    def test_to_a_tebibyte(self):
        self.put(OLD)
        size = 1 << 40
        self.patched(self.patch(f"bytes */{size}"), size)
        expect(self.head(), 200, {"Content-Length": str(size)})
        expect(self.get(headers={"Range": "bytes=-3"}), 206,
               {"Content-Range": f"bytes {size - 3}-{size - 1}/{size}"},
               body=bytes(3))
        expect(self.get(headers={"Range": "bytes=8-11"}), 206, body=b"89\0\0")

    @rows({"above 2^43": str((1 << 43) + 1), "enormous": HUGE})
    def test_above_the_most_is_refused(self, size):
        self.put(OLD)
        expect(self.patch(f"bytes */{size}"), 400, code="EntityTooLarge")
        self.must_be(OLD)

    def test_with_a_body_is_refused(self):
        self.put(OLD)
        expect(self.patch("bytes */4", b"abc"), 400, code="InvalidArgument")
        self.must_be(OLD)

    def test_cut_and_extended_has_zeros(self):
        self.put(OLD)
        self.patched(self.patch("bytes */4"), 4)
        self.patched(self.patch("bytes */8"), 8)
        self.must_be(b"0123\0\0\0\0")
        self.patched(self.patch("bytes 6-/*", b"xy"), 8)
        self.must_be(b"0123\0\0xy")


class Random(PatchCase):
    @rows({f"seed {seed}": seed for seed in range(12)})
    def test_patches_are_those_of_a_bytearray(self, seed):
        chance = random.Random(seed)
        model = bytearray(chance.randbytes(chance.choice([0, 1000, 300_000])))
        etags = {self.put(bytes(model)).get("ETag")}
        for _ in range(25):
            kind = chance.random()
            if kind < 0.1:
                size = chance.randint(0, len(model) + 50_000)
                answer = self.patch(f"bytes */{size}")
                model[size:] = b""
                model += bytes(size - len(model))
            else:
                at = chance.choice([chance.randint(0, len(model)), len(model)])
                new = chance.randbytes(chance.choice([1, 10, 4096, 70_000]))
                answer = self.patch(f"bytes {at}-{at + len(new) - 1}/*",
                                    new) if kind < 0.8 or at < len(model) \
                    else self.append(at, new)
                model[at:at + len(new)] = new
            etag = expect(answer, 200, {"ETag": OPAQUE_ETAG,
                                        "x-amz-object-size": str(len(model))}).get("ETag")
            self.assertNotIn(etag, etags)
            etags.add(etag)
            if model:
                lo = chance.randrange(len(model))
                hi = chance.randint(lo + 1, min(len(model), lo + 9000))
                expect(self.get(headers={"Range": f"bytes={lo}-{hi - 1}"}), 206, {"ETag": etag},
                       body=bytes(model[lo:hi]))
        self.must_be(bytes(model))


class Stays(PatchCase):
    WITH = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-amz-meta-a": "b",
            "x-amz-tagging": "t=1"}
    SHOWN = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-amz-meta-a": "b",
             "x-amz-tagging-count": "1"}

    @rows({"nothing": {}, "a type": {"Content-Type": "application/octet-stream"},
           "metadata": {"x-amz-meta-a": "c"},
           "tags": {"x-amz-tagging": "u=1&v=2"},
           "stored headers": {"Cache-Control": "no-store", "Expires": "0"}})
    def test_what_stands_beside_the_bytes_whatever_is_sent(self, headers):
        self.put(OLD, headers=self.WITH)
        self.patched(self.patch("bytes 0-0/*", b"X", headers), 10)
        expect(self.get(), 200, self.SHOWN | {"Expires": None}, body=b"X" + OLD[1:])

    def test_what_stands_beside_the_bytes_of_an_append(self):
        self.put(OLD, headers=self.WITH)
        expect(self.append(10, b"X"), 200)
        expect(self.get(), 200, self.SHOWN, body=OLD + b"X")

    def test_the_etag_is_told_everywhere(self):
        old = self.put(OLD).get("ETag")
        etag = self.patched(self.patch("bytes 0-0/*", b"X"), 10).get("ETag")
        self.assertNotEqual(etag, old)
        expect(self.head(), 200, {"ETag": etag})
        expect(self.get(), 200, {"ETag": etag})

    def test_the_etag_changes_though_the_bytes_do_not(self):
        self.put(OLD)
        one = self.patched(self.patch("bytes 0-0/*", b"0"), 10).get("ETag")
        self.assertNotEqual(self.patched(self.patch("bytes 0-0/*", b"0"), 10).get("ETag"), one)

    def test_last_modified_is_that_of_the_patch(self):
        self.put(OLD)
        self.patched(self.patch("bytes 0-0/*", b"X"), 10)
        self.assertIn(expect(self.head(), 200).get("Last-Modified"),
                      [http_date(second) for second in range(-5, 6)])

    def test_append_part_size_has_no_effect(self):
        self.put(OLD)
        self.patched(self.patch("bytes 10-12/*", b"abc", {"X-Yc-S3-Patch-Append-Part-Size": "5242880"}), 13)
        self.must_be(OLD + b"abc")


class Refused(PatchCase):
    def test_without_a_range(self):
        self.put(OLD)
        expect(self.patch(None, b"abc"), 400, {"Accept-Patch": re.compile(".*application/octet-stream.*")},
               code="MissingContentRange")
        self.must_be(OLD)

    def test_of_a_missing_object(self):
        expect(self.patch("bytes 0-2/*", b"abc"), 404, code="NoSuchKey")
        self.must_be_missing()

    def test_of_a_deleted_object(self):
        self.put(OLD)
        expect(self.send("DELETE"), 204)
        expect(self.patch("bytes 0-2/*", b"abc"), 404, code="NoSuchKey")
        self.must_be_missing()

    def test_size_of_a_missing_object(self):
        expect(self.patch("bytes */5"), 404, code="NoSuchKey")

    def test_version_that_is_none(self):
        self.put(OLD)
        expect(self.patch("bytes 0-2/*", b"abc", query="versionId=" + "0" * 32), 404, code="NoSuchVersion")
        self.must_be(OLD)

    def test_wrong_content_md5(self):
        self.put(OLD)
        expect(self.patch("bytes 0-2/*", b"abc", {"Content-MD5": md5(b"abd")}), 400, code="BadDigest")
        self.must_be(OLD)

    @rows({"two": [("Content-Range", "bytes 0-2/*"), ("Content-Range", "bytes 3-5/*")]})
    def test_ranges_in_the_header(self, headers):
        self.put(OLD)
        expect(self.send("PATCH", headers=headers, body=b"abc"), 400, code="InvalidArgument")
        self.must_be(OLD)


class Conditions(PatchCase):
    def conditional(self, headers, write=None):
        self.etag = self.put(OLD).get("ETag")
        self.modified = expect(self.head(), 200).get("Last-Modified")
        headers = {name: value.format(etag=self.etag, bare=self.etag.strip('"'), modified=self.modified)
                   for name, value in headers.items()}
        return (write or self.patch)("bytes 0-0/*", b"X", headers)

    HOLD = {"If-Match": {"If-Match": "{etag}"}, "If-Match star": {"If-Match": "*"},
            "If-Match list": {"If-Match": OTHER + ", {etag}"},
            "If-Unmodified-Since": {"If-Unmodified-Since": "{modified}"},
            "If-None-Match of another": {"If-None-Match": OTHER},
            "If-Match though modified": {"If-Match": "{etag}",
                                         "If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"},
            "If-Match and If-None-Match": {"If-Match": "{etag}", "If-None-Match": OTHER}}
    FAIL = {"If-Match": {"If-Match": OTHER}, "If-Match weak": {"If-Match": "W/{etag}"},
            "If-Unmodified-Since": {"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"},
            "If-None-Match": {"If-None-Match": "{etag}"}, "If-None-Match star": {"If-None-Match": "*"},
            "If-None-Match list": {"If-None-Match": OTHER + ", {etag}"},
            "If-Match though unmodified": {"If-Match": OTHER, "If-Unmodified-Since": "{modified}"},
            "both match": {"If-Match": "{etag}", "If-None-Match": "{etag}"}}

    @rows(HOLD)
    def test_that_hold(self, headers):
        self.patched(self.conditional(headers), 10)
        self.must_be(b"X" + OLD[1:])

    @rows(FAIL)
    def test_that_do_not_hold(self, headers):
        expect(self.conditional(headers), 412, code="PreconditionFailed")
        expect(self.get(), 200, {"ETag": self.etag}, body=OLD)

    @rows(HOLD)
    def test_of_an_append_that_hold(self, headers):
        expect(self.conditional(headers, lambda _, body, given: self.append(10, body, given)), 200)
        self.must_be(OLD + b"X")

    @rows(FAIL)
    def test_of_an_append_that_do_not_hold(self, headers):
        answer = self.conditional(headers, lambda _, body, given: self.append(10, body, given))
        expect(answer, 412, code="PreconditionFailed")
        self.must_be(OLD)

    def test_etag_before_another_patch(self):
        old = self.put(OLD).get("ETag")
        self.patched(self.patch("bytes 9-9/*", b"Y", {"If-Match": old}), 10)
        expect(self.patch("bytes 0-0/*", b"X", {"If-Match": old}), 412, code="PreconditionFailed")
        self.must_be(OLD[:9] + b"Y")

    def test_chain_of_etags(self):
        etag = self.put(b"").get("ETag")
        for number in range(10):
            etag = self.patched(self.patch(f"bytes {number}-/*", b"%d" % number, {"If-Match": etag}),
                                number + 1).get("ETag")
        self.must_be(OLD)

    def test_none_match_star_creates(self):
        answer = self.patch("bytes 0-2/*", b"abc", {"If-None-Match": "*"})
        headers = {"ETag": QUOTED_ETAG, "x-amz-object-size": "3", "Content-Type": "application/xml"}
        expect(answer, 200, headers)
        self.assertEqual(parse_xml(answer).findtext("Object/ETag"), answer.get("ETag"))
        self.must_be(b"abc")

    def test_none_match_star_creates_from_the_start_only(self):
        answer = self.patch("bytes 1-3/*", b"abc", {"If-None-Match": "*"})
        self.assertIn(answer.status, (404, 416))
        expect(answer, answer.status, code={404: "NoSuchKey", 416: "InvalidRange"}[answer.status])
        self.must_be_missing()

    def test_if_match_of_a_missing_object(self):
        expect(self.patch("bytes 0-2/*", b"abc", {"If-Match": OTHER}), 404, code="NoSuchKey")

    def test_size_with_an_etag(self):
        self.put(OLD)
        expect(self.patch("bytes */4", headers={"If-Match": OTHER}), 412, code="PreconditionFailed")
        self.must_be(OLD)

    def test_condition_comes_before_the_range(self):
        self.put(OLD)
        answer = self.patch("bytes 50-52/*", b"abc", {"If-Match": OTHER})
        self.assertIn(answer.status, (412, 416))
        self.must_be(OLD)


class Races(PatchCase):
    def test_patches_of_other_bytes_all_count(self):
        self.put(bytes(16 * 1000))
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(lambda n: self.patch(f"bytes {n * 1000}-{n * 1000 + 999}/*",
                                                        bytes([65 + n]) * 1000),
                                   range(16)):
                self.patched(answer, 16_000)
        self.must_be(b"".join(bytes([65 + n]) * 1000 for n in range(16)))

    def test_patches_of_the_same_bytes_never_mix(self):
        self.put(bytes(50_000))
        for answer in at_once(lambda n: self.patch("bytes 0-49999/*", bytes([65 + n]) * 50_000), range(8)):
            self.patched(answer, 50_000)
        got = expect(self.get(), 200).body
        self.assertEqual(got, got[:1] * 50_000)
        self.assertIn(got[0], range(65, 73))

    def test_reads_see_whole_patches(self):
        self.put(bytes(40_000))
        with ThreadPoolExecutor(4) as pool:
            bodies = [bytes([n]) * 40_000 for n in range(1, 10)]
            writer = pool.submit(lambda: [self.patch("bytes 0-39999/*", body) for body in bodies])
            reads = [read for _ in range(5) for read in pool.map(lambda _: self.get(), range(3))]
            for answer in writer.result():
                self.patched(answer, 40_000)
        for answer in reads:
            self.assertEqual(expect(answer, 200).body, answer.body[:1] * 40_000)

    def test_of_patches_with_one_etag_one_wins(self):
        etag = self.put(OLD).get("ETag")
        won = winner(at_once(lambda n: self.patch("bytes 0-0/*", b"%d" % n, {"If-Match": etag}), range(8)))
        self.must_be(b"%d" % won + OLD[1:])

    def test_of_appends_at_one_offset_one_wins(self):
        self.put(OLD)
        answers = at_once(lambda n: self.append(10, b"%d" % n), range(8))
        won = [n for n, answer in enumerate(answers) if answer.status == 200]
        self.assertEqual(len(won), 1, [answer.status for answer in answers])
        for answer in answers:
            if answer.status != 200:
                expect(answer, 400, code="InvalidWriteOffset")
        self.must_be(OLD + b"%d" % won[0])

    def test_patch_against_put_is_all_or_nothing(self):
        self.put(b"A" * 1000)
        with ThreadPoolExecutor(8) as pool:
            patches = [pool.submit(self.patch, "bytes 0-0/*", b"p") for _ in range(6)]
            puts = [pool.submit(self.put, bytes([66 + n]) * 1000) for n in range(6)]
            for put in puts:
                put.result()
        for patch in patches:
            answer = patch.result()
            if answer.status == 409:
                self.assertIn(b"<Code>ObjectVersionPatchConflict</Code>", answer.body)
            else:
                self.patched(answer, 1000)
        got = expect(self.get(), 200).body
        self.assertIn(got[:1], [b"p", got[1:2]])
        self.assertEqual(got[1:], got[1:2] * 999)


class Append(PatchCase):
    def test_grows_the_object(self):
        self.put(OLD)
        expect(self.append(10, b"abc"), 200, {"x-amz-object-size": "13", "ETag": OPAQUE_ETAG})
        self.must_be(OLD + b"abc")

    def test_of_many_mebibytes(self):
        self.put(OLD)
        new = pattern_bytes(20 << 20)
        expect(self.append(10, new), 200, {"x-amz-object-size": str(10 + len(new))})
        self.must_be(OLD + new)

    def test_at_0_makes_the_object(self):
        expect(self.append(0, b"abc"), 200, {"x-amz-object-size": "3"})
        self.must_be(b"abc")

    def test_at_0_makes_the_object_with_its_headers(self):
        expect(self.append(0, b"abc", {"Content-Type": "text/plain", "x-amz-meta-a": "b"}), 200)
        expect(self.get(), 200, {"Content-Type": "text/plain", "x-amz-meta-a": "b"}, body=b"abc")

    def test_at_0_of_an_empty_object(self):
        self.put(b"")
        expect(self.append(0, b"abc"), 200, {"x-amz-object-size": "3"})
        self.must_be(b"abc")

    @rows({"0": 0, "before the end": 9, "behind the end": 11, "far": 1 << 42})
    def test_at_another_offset(self, offset):
        self.put(OLD)
        expect(self.append(offset, b"abc"), 400, code="InvalidWriteOffset")
        self.must_be(OLD)

    def test_at_another_offset_of_a_missing_object(self):
        answer = self.append(5, b"abc")
        self.assertIn(answer.status, (400, 404))
        expect(answer, answer.status, code={400: "InvalidWriteOffset", 404: "NoSuchKey"}[answer.status])
        self.must_be_missing()

    @rows({"negative": "-1", "words": "end", "fraction": "1.0", "hex": "0xa", "empty": "", "enormous": HUGE,
           "plus": "+10"})
    def test_offset_is_none(self, offset):
        self.put(OLD)
        expect(self.append(offset, b"abc"), 400, code="InvalidArgument")
        self.must_be(OLD)

    def test_many_are_in_order(self):
        self.put(b"")
        model = b""
        for number in range(60):
            piece = b"%d," % number
            expect(self.append(len(model), piece), 200, {"x-amz-object-size": str(len(model) + len(piece))})
            model += piece
        self.must_be(model)

    def test_of_mebibytes(self):
        self.put(OLD)
        body = pattern_bytes(5 << 20)
        expect(self.append(10, body), 200, {"x-amz-object-size": str(10 + len(body))})
        self.must_be(OLD + body)

    def test_of_a_patched_object(self):
        self.put(OLD)
        self.patched(self.patch("bytes 8-11/*", b"abcd"), 12)
        expect(self.append(12, b"!"), 200, {"x-amz-object-size": "13"})
        self.must_be(b"01234567abcd!")

    def test_with_content_range_is_refused(self):
        self.put(OLD)
        expect(self.append(10, b"abc", {"Content-Range": "bytes 10-12/*"}), 400, code="InvalidRequest")
        self.must_be(OLD)

    def test_with_content_range_makes_nothing(self):
        expect(self.append(0, b"abc", {"Content-Range": "bytes 0-2/*"}), 400, code="InvalidRequest")
        self.must_be_missing()


class Discovery(PatchCase):
    @rows({"object": True, "bucket": False})
    def test_options_say_what_can_be_patched(self, of_object):
        path = self.path() if of_object else f"/{self.bucket}"
        answer = expect(call("OPTIONS", path, auth="none"), 200, {"Allow": re.compile(r".*\bPATCH\b.*")},
                        body=b"")
        kinds = {kind.strip() for kind in answer.get("Accept-Patch").split(",")}
        self.assertLessEqual({"application/octet-stream"}, kinds)

    def test_options_of_the_server(self):
        expect(call("OPTIONS", "*", auth="none"), 200, {"Allow": re.compile(r".*\bPUT\b.*")})

    def test_preflight_without_a_rule_is_refused(self):
        headers = {"Origin": "https://example.org", "Access-Control-Request-Method": "PATCH"}
        expect(self.send("OPTIONS", headers=headers, auth="none"), 403, code="AccessForbidden")
