"""What uploads leave: reading by part number, parts copied from objects, checksums of parts and whole."""
import re

from . import crc
from .harness import (ISO_DATE, MISSING, call, drop_bucket, expect, make_bucket, parse_xml, pattern_bytes,
                      quote, rows,
                      texts)
from .topic_conditions import combinations, condition_headers
from .topic_copies import copy_verdict
from .topic_multiparts import BIG, LEAST, UPLOAD, UploadCase


class Numbers(UploadCase):
    """GET and HEAD of one part of an object."""

    @rows({"first": (1, 0, LEAST), "second": (2, LEAST, 2 * LEAST), "last": (3, 2 * LEAST, 2 * LEAST + 4)})
    def test_part_is_read(self, number, begin, end):
        whole = BIG + BIG[::-1] + b"tail"
        self.whole([BIG, BIG[::-1], b"tail"])
        headers = {"Content-Range": f"bytes {begin}-{end - 1}/{len(whole)}", "x-amz-mp-parts-count": "3",
                   "Content-Length": str(end - begin)}
        expect(self.get(query=f"partNumber={number}"), 206, headers, body=whole[begin:end])
        expect(self.head(query=f"partNumber={number}"), 206, headers)

    def test_part_beyond_the_last(self):
        self.whole([b"abc"])
        expect(self.get(query="partNumber=2"), 416, code="InvalidPartNumber")

    def test_first_part_of_an_object_in_one_piece(self):
        self.put(b"content")
        expect(self.get(query="partNumber=1"), 206,
               {"Content-Range": "bytes 0-6/7", "x-amz-mp-parts-count": None},
               body=b"content")

    @rows({"0": "0", "10001": "10001", "no number": "x", "negative": "-1"})
    def test_number_is_refused(self, number):
        self.put()
        expect(self.get(query="partNumber=" + number), 400, code="InvalidArgument")

    def test_with_a_range_is_refused(self):
        self.put()
        expect(self.get(query="partNumber=1", headers={"Range": "bytes=0-1"}), 400, code="InvalidRequest")

    def test_parts_stand_in_the_attributes(self):
        self.whole([BIG, b"tail"])
        answer = self.get(query="attributes", headers={"x-amz-object-attributes": "ObjectParts,ObjectSize"})
        document = parse_xml(expect(answer, 200))
        self.assertEqual(document.findtext("ObjectParts/PartsCount"), "2")
        self.assertEqual(document.findtext("ObjectSize"), str(LEAST + 4))


class PartCopies(UploadCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = pattern_bytes(LEAST + 1000, 3)
        expect(call("PUT", f"/{cls.bucket}/source", body=cls.source), 200)

    def copy(self, upload, number, source=None, headers=None):
        given = {"x-amz-copy-source": source or f"{self.bucket}/source", **(headers or {})}
        return self.upload(upload, number, b"", headers=given)

    def copied(self, answer):
        document = parse_xml(expect(answer, 200, {"Content-Type": "application/xml"}))
        self.assertEqual(document.tag, "CopyPartResult")
        self.assertRegex(document.findtext("LastModified"), ISO_DATE)
        return document.findtext("ETag")

    def test_of_the_whole(self):
        upload = self.create()
        self.completed(upload, [(1, self.copied(self.copy(upload, 1)))])
        self.must_be(self.source)

    @rows({"start": (0, 10), "middle": (1000, 5000), "end": (LEAST, LEAST + 1000), "a byte": (77, 78)})
    def test_of_a_range(self, begin, end):
        upload = self.create()
        etag = self.copied(self.copy(upload, 1,
                                     headers={"x-amz-copy-source-range": f"bytes={begin}-{end - 1}"}))
        self.completed(upload, [(1, etag)])
        self.must_be(self.source[begin:end])

    def test_mixed_with_uploaded_ones(self):
        upload = self.create()
        parts = [(1, self.copied(self.copy(upload, 1))), (2, self.part(upload, 2, BIG)),
                 (3, self.copied(self.copy(upload, 3, headers={"x-amz-copy-source-range": "bytes=0-3"})))]
        self.completed(upload, parts)
        self.must_be(self.source + BIG + self.source[:4])

    def test_to_change_the_middle_of_an_object(self):
        """What s3fs does: all but the changed part by reference to the object itself."""
        self.put(self.source)
        upload = self.create()
        itself = f"{self.bucket}/{quote(self.key)}"
        parts = [(1, self.copied(self.copy(upload, 1, itself,
                                           {"x-amz-copy-source-range": f"bytes=0-{LEAST - 1}"}))),
                 (2, self.part(upload, 2, b"changed"))]
        self.completed(upload, parts)
        self.must_be(self.source[:LEAST] + b"changed")

    def test_from_another_bucket(self):
        other = make_bucket()
        expect(call("PUT", f"/{other}/source", body=b"from afar"), 200)
        upload = self.create()
        self.completed(upload, [(1, self.copied(self.copy(upload, 1, f"{other}/source")))])
        self.must_be(b"from afar")
        drop_bucket(other)

    def test_keeps_what_the_source_was(self):
        self.put(b"before", "changing")
        upload = self.create()
        etag = self.copied(self.copy(upload, 1, f"{self.bucket}/changing"))
        expect(self.send("PATCH", "changing", headers={"Content-Range": "bytes 0-/*"}, body=b"after!"), 200)
        self.completed(upload, [(1, etag)])
        self.must_be(b"before")

    @rows({"beyond the end": (f"bytes=0-{LEAST + 1000}", 416, "InvalidRange"),
           "behind the end": ("bytes=9000000-9000001", 416, "InvalidRange"),
           "open": ("bytes=10-", 400, "InvalidArgument"), "suffix": ("bytes=-10", 400, "InvalidArgument"),
           "malformed": ("0-10", 400, "InvalidArgument"), "backwards": ("bytes=10-5", 400, "InvalidArgument"),
           "two": ("bytes=0-1,3-4", 400, "InvalidArgument"), "empty": ("", 400, "InvalidArgument")})
    def test_range_is_refused(self, header, status, code):
        upload = self.create()
        answer = self.copy(upload, 1, headers={"x-amz-copy-source-range": header})
        expect(answer, status, code=code)
        self.assertEqual(texts(self.parts(upload), "Part"), [])

    @rows({"key": ("{bucket}/nothing", 404, "NoSuchKey"), "bucket": (f"{MISSING}/a", 404, "NoSuchBucket"),
           "malformed": ("{bucket}", 400, "InvalidArgument")})
    def test_source_is_missing(self, source, status, code):
        upload = self.create()
        expect(self.copy(upload, 1, source.format(bucket=self.bucket)), status, code=code)

    def test_of_no_upload(self):
        expect(self.copy(UPLOAD, 1), 404, code="NoSuchUpload")

    @rows({name: values for name, values in combinations(["If-Match", "If-Unmodified-Since", "If-None-Match",
                                                          "If-Modified-Since"]).items()
           if sum(value is not None for value in values) == 1})
    def test_source_with(self, *values):
        head = expect(self.head("source"), 200)
        headers = condition_headers(head.get("ETag"), head.get("Last-Modified"), *values,
                                    prefix="x-amz-copy-source-")
        answer = self.copy(self.create(), 1, headers=headers)
        if copy_verdict(*values) == 200:
            self.copied(answer)
        else:
            expect(answer, 412, code="PreconditionFailed")


class Checksums(UploadCase):
    BODIES = [BIG, b"tail"]

    def made(self, algorithm, kind, check_parts=True):
        headers = {"x-amz-checksum-algorithm": algorithm} | ({"x-amz-checksum-type": kind} if kind else {})
        upload = self.create(headers=headers)
        parts = []
        for number, body in enumerate(self.BODIES, 1):
            value = crc.checksum(algorithm, body)
            answer = expect(self.upload(upload, number, body, headers={crc.header(algorithm): value}), 200,
                            {crc.header(algorithm): value})
            extra = f"<Checksum{algorithm}>{value}</Checksum{algorithm}>" if check_parts else ""
            parts.append((number, answer.get("ETag"), extra))
        return upload, parts

    def expected(self, algorithm, kind):
        if kind == "COMPOSITE":
            return crc.composite(algorithm, self.BODIES)
        return crc.checksum(algorithm, b"".join(self.BODIES))

    KINDS = {"CRC32 composite": ("CRC32", "COMPOSITE", "COMPOSITE"),
             "CRC32 full": ("CRC32", "FULL_OBJECT", "FULL_OBJECT"),
             "CRC32 not said": ("CRC32", None, "COMPOSITE"), "CRC64NVME": ("CRC64NVME", None, "FULL_OBJECT"),
             "SHA1": ("SHA1", None, "COMPOSITE"), "SHA256": ("SHA256", "COMPOSITE", "COMPOSITE"),
             "CRC32C full": ("CRC32C", "FULL_OBJECT", "FULL_OBJECT"),
             "CRC32C composite": ("CRC32C", None, "COMPOSITE")}

    @rows(KINDS)
    def test_of_the_object(self, algorithm, asked, kind):
        upload, parts = self.made(algorithm, asked)
        result = self.completed(upload, parts)
        value = self.expected(algorithm, kind)
        self.assertEqual((result.findtext("Checksum" + algorithm), result.findtext("ChecksumType")),
                         (value, kind))
        expect(self.head(headers={"x-amz-checksum-mode": "ENABLED"}), 200,
               {crc.header(algorithm): value, "x-amz-checksum-type": kind})

    @rows({"CRC32": "CRC32", "SHA256": "SHA256"})
    def test_of_a_part_that_is_wrong_at_the_end(self, algorithm):
        upload, parts = self.made(algorithm, None)
        wrong = crc.checksum(algorithm, b"other")
        parts[0] = (1, parts[0][1], f"<Checksum{algorithm}>{wrong}</Checksum{algorithm}>")
        answer = self.complete(upload, parts)
        self.assertIn(re.search(rb"<Code>(\w+)", answer.body)[1], (b"InvalidPart", b"BadDigest"))
        self.assertEqual(answer.status, 400)
        self.must_be_missing()

    @rows({"CRC32": "CRC32", "CRC64NVME": "CRC64NVME"})
    def test_full_that_is_said_at_the_end(self, algorithm):
        upload, parts = self.made(algorithm, "FULL_OBJECT")
        headers = {crc.header(algorithm): crc.checksum(algorithm, b"other"),
                   "x-amz-checksum-type": "FULL_OBJECT"}
        expect(self.complete(upload, parts, headers=headers), 400, code="BadDigest")
        self.must_be_missing()
        headers[crc.header(algorithm)] = self.expected(algorithm, "FULL_OBJECT")
        self.completed(upload, parts, headers=headers)

    def test_of_another_algorithm_is_refused(self):
        upload = self.create(headers={"x-amz-checksum-algorithm": "SHA256"})
        headers = {"x-amz-checksum-crc32": crc.checksum("CRC32", b"part")}
        expect(self.upload(upload, 1, b"part", headers=headers), 400, code="InvalidRequest")

    def test_none_from_the_client_is_crc64nvme(self):
        self.whole(self.BODIES)
        expect(self.head(headers={"x-amz-checksum-mode": "ENABLED"}), 200,
               {"x-amz-checksum-crc64nvme": self.expected("CRC64NVME", "FULL_OBJECT"),
                "x-amz-checksum-type": "FULL_OBJECT"})

    def test_are_listed_with_the_parts(self):
        upload, parts = self.made("SHA256", None)
        page = self.parts(upload)
        self.assertEqual(page.findtext("ChecksumAlgorithm"), "SHA256")
        self.assertEqual(texts(page, "Part/ChecksumSHA256"),
                         [crc.checksum("SHA256", body) for body in self.BODIES])
        expect(self.abort(upload), 204)

    def test_size_that_is_said_at_the_end(self):
        upload, parts = self.made("CRC32", None)
        answer = self.complete(upload, parts, headers={"x-amz-mp-object-size": "17"})
        expect(answer, 400, code="InvalidRequest")
        self.completed(upload, parts, headers={"x-amz-mp-object-size": str(LEAST + 4)})
