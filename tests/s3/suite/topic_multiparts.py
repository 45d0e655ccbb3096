"""Multipart uploads: parts, their order and sizes, completing, aborting, listing."""
import hashlib
import io
import re
from concurrent.futures import ThreadPoolExecutor

from boto3.s3.transfer import TransferConfig

from . import chunks, crc
from .chunks import SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER
from .harness import (ISO_DATE, QUOTED_ETAG, BucketCase, OwnBucketCase, at_once, call, client, expect, md5,
                      parse_xml, pattern_bytes, query_of, rows, texts)
from .topic_conditions import OTHER

MIB = 1 << 20
LEAST = 5 * MIB  # of all parts but the last
BIG = pattern_bytes(LEAST)
UPLOAD = "x" * 32  # no upload's id


def part_xml(number, etag: str, extra: str = "") -> str:
    quoted = etag.replace('"', "&quot;")
    return f"<Part><PartNumber>{number}</PartNumber><ETag>{quoted}</ETag>{extra}</Part>"


def complete_xml(parts: list) -> bytes:
    """Of (number, etag) or (number, etag, extra elements)."""
    inside = "".join(part_xml(*part) for part in parts)
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<CompleteMultipartUpload xmlns="{namespace}">{inside}</CompleteMultipartUpload>'.encode()


class UploadCase(BucketCase):
    def create(self, key=None, headers=None) -> str:
        answer = expect(self.send("POST", key, query="uploads", headers=headers), 200,
                        {"Content-Type": "application/xml"})
        document = parse_xml(answer)
        self.assertEqual([document.tag] + [element.tag for element in document],
                         ["InitiateMultipartUploadResult", "Bucket", "Key", "UploadId"])
        self.assertEqual((document.findtext("Bucket"), document.findtext("Key")),
                         (self.bucket, key or self.key))
        return document.findtext("UploadId")

    def upload(self, upload, number, body=b"part", key=None, headers=None, **options):
        return self.send("PUT", key, query=query_of({"partNumber": number, "uploadId": upload}), body=body,
                         headers=headers,
                         **options)

    def part(self, upload, number, body=b"part", key=None, headers=None) -> str:
        return expect(self.upload(upload, number, body, key, headers), 200, {"ETag": QUOTED_ETAG}).get("ETag")

    def complete(self, upload, parts, key=None, headers=None):
        body = parts if isinstance(parts, bytes) else complete_xml(parts)
        return self.send("POST", key, query=query_of({"uploadId": upload}), body=body, headers=headers)

    def completed(self, upload, parts, key=None, headers=None):
        answer = expect(self.complete(upload, parts, key, headers), 200, {"Content-Type": "application/xml"})
        document = parse_xml(answer)
        self.assertEqual(document.tag, "CompleteMultipartUploadResult", answer)
        self.assertEqual((document.findtext("Bucket"), document.findtext("Key")),
                         (self.bucket, key or self.key))
        self.assertRegex(document.findtext("ETag"), QUOTED_ETAG)
        self.assertTrue(document.findtext("Location"))
        return document

    def abort(self, upload, key=None):
        return self.send("DELETE", key, query=query_of({"uploadId": upload}))

    def parts(self, upload, key=None, **query):
        query = {name.replace("_", "-"): value for name, value in query.items()}
        return parse_xml(expect(self.send("GET", key, query=query_of({"uploadId": upload, **query})), 200))

    def whole(self, bodies: list, key=None, headers=None):
        """An object of these parts, made."""
        upload = self.create(key, headers)
        parts = [(number, self.part(upload, number, body, key)) for number, body in enumerate(bodies, 1)]
        return self.completed(upload, parts, key), parts


class Objects(UploadCase):
    @rows({"of one small part": [b"abc"], "of an empty part": [b""], "of one of 5 MiB": [BIG],
           "of two": [BIG, b"tail"],
           "of three": [BIG, BIG[::-1], pattern_bytes(LEAST + 12_345, 2)], "with an empty last": [BIG, b""]})
    def test_hold_the_parts_end_to_end(self, bodies):
        result, _ = self.whole(bodies)
        whole = b"".join(bodies)
        expect(self.get(), 200, {"ETag": result.findtext("ETag"), "Content-Length": str(len(whole))},
               body=whole)
        expect(self.head(), 200, {"ETag": result.findtext("ETag"), "Content-Length": str(len(whole))})

    def test_have_the_etag_of_their_parts(self):
        bodies = [BIG, b"tail"]
        result, parts = self.whole(bodies)
        etag = result.findtext("ETag")
        if parts[0][1] == f'"{hashlib.md5(BIG).hexdigest()}"':
            digest = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in bodies)).hexdigest()
            self.assertEqual(etag, f'"{digest}-2"')
        else:
            self.assertRegex(etag, r'"[0-9a-f]{32}-\d+"')

    def test_are_not_there_before_they_are_complete(self):
        upload = self.create()
        self.must_be_missing()
        self.part(upload, 1)
        self.must_be_missing()
        self.assertNotIn("Contents", client().list_objects_v2(Bucket=self.bucket, Prefix=self.key))

    def test_replace_what_was_there_when_complete(self):
        self.put(b"old", headers={"x-amz-meta-old": "1"})
        upload = self.create()
        etag = self.part(upload, 1, b"new")
        self.must_be(b"old")
        self.completed(upload, [(1, etag)])
        expect(self.get(), 200, {"x-amz-meta-old": None}, body=b"new")

    def test_have_the_headers_of_their_creation(self):
        headers = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "Content-Encoding": "gzip",
                   "x-amz-meta-a": "b", "x-amz-tagging": "t=1&u=2"}
        self.whole([b"abc"], headers=headers)
        shown = {name: value for name, value in headers.items() if name != "x-amz-tagging"}
        expect(self.get(), 200, shown | {"x-amz-tagging-count": "2"}, body=b"abc")

    def test_without_headers_have_none(self):
        self.whole([b"abc"])
        expect(self.head(), 200, {"Content-Type": "binary/octet-stream", "x-amz-tagging-count": None})

    @rows({"across parts": (LEAST - 3, LEAST + 3), "the second": (LEAST, LEAST + 4), "all": (0, LEAST + 4),
           "the last byte": (LEAST + 3, LEAST + 4)})
    def test_are_read_by_range(self, begin, end):
        self.whole([BIG, b"tail"])
        expect(self.get(headers={"Range": f"bytes={begin}-{end - 1}"}), 206,
               {"Content-Range": f"bytes {begin}-{end - 1}/{LEAST + 4}"}, body=(BIG + b"tail")[begin:end])

    def test_can_be_patched_and_appended_to(self):
        self.whole([BIG, b"tail"])
        at = {"Content-Range": f"bytes {LEAST - 2}-{LEAST + 1}/*"}
        expect(self.send("PATCH", headers=at, body=b"WXYZ"), 200, {"x-amz-object-size": str(LEAST + 4)})
        expect(self.send("PUT", headers={"x-amz-write-offset-bytes": str(LEAST + 4)}, body=b"!"), 200)
        self.must_be(BIG[:-2] + b"WXYZil!")

    def test_can_be_copied(self):
        self.whole([BIG, b"tail"], "whole")
        expect(self.send("PUT", headers={"x-amz-copy-source": f"{self.bucket}/whole"}), 200)
        self.must_be(BIG + b"tail")

    def test_can_be_deleted(self):
        self.whole([b"abc"])
        expect(self.send("DELETE"), 204)
        self.must_be_missing()

    @rows({"blank": "m a b", "slashes": "m//a/../b/", "not ASCII": "m 日本", "1024 bytes": "m" * 1024,
           "markup": "m<&>"})
    def test_may_have_any_key(self, key):
        self.whole([b"abc"], key)
        self.must_be(b"abc", key)

    def test_by_boto3_with_parallel_parts(self):
        body = pattern_bytes(17 * MIB + 5)
        config = TransferConfig(multipart_threshold=LEAST, multipart_chunksize=LEAST, max_concurrency=4)
        client().upload_fileobj(io.BytesIO(body), self.bucket, self.key, Config=config)
        self.must_be(body)
        got = io.BytesIO()
        client().download_fileobj(self.bucket, self.key, got, Config=config)
        self.assertEqual(got.getvalue(), body)


class Parts(UploadCase):
    def test_come_in_any_order(self):
        upload = self.create()
        last, first = self.part(upload, 2, b"tail"), self.part(upload, 1, BIG)
        self.completed(upload, [(1, first), (2, last)])
        self.must_be(BIG + b"tail")

    def test_come_at_once(self):
        upload = self.create()
        bodies = [pattern_bytes(LEAST, n) for n in range(4)]
        etags = at_once(lambda n: self.part(upload, n + 1, bodies[n]), range(4))
        self.completed(upload, list(enumerate(etags, 1)))
        self.must_be(b"".join(bodies))

    def test_numbers_may_have_gaps(self):
        upload = self.create()
        parts = [(7, self.part(upload, 7, BIG)), (10_000, self.part(upload, 10_000, b"tail"))]
        self.completed(upload, parts)
        self.must_be(BIG + b"tail")

    def test_repeated_is_replaced(self):
        upload = self.create()
        self.part(upload, 1, b"first")
        etag = self.part(upload, 1, b"second")
        self.completed(upload, [(1, etag)])
        self.must_be(b"second")

    def test_replaced_does_not_count_any_more(self):
        upload = self.create()
        old = self.part(upload, 1, b"first")
        self.part(upload, 1, b"second")
        expect(self.complete(upload, [(1, old)]), 400, code="InvalidPart")
        self.must_be_missing()

    def test_may_be_left_out(self):
        upload = self.create()
        first = self.part(upload, 1, BIG)
        self.part(upload, 2, b"left out")
        last = self.part(upload, 3, b"tail")
        self.completed(upload, [(1, first), (3, last)])
        self.must_be(BIG + b"tail")

    @rows({"0": "0", "10001": "10001", "negative": "-1", "no number": "x", "fraction": "1.5",
           "enormous": "9" * 30, "empty": ""})
    def test_number_is_refused(self, number):
        upload = self.create()
        expect(self.upload(upload, number), 400, code="InvalidArgument")
        expect(self.abort(upload), 204)

    def test_of_no_upload(self):
        expect(self.upload(UPLOAD, 1), 404, code="NoSuchUpload")
        self.must_be_missing()

    @rows({"empty": "", "long": "a" * 3000, "path": "../../x", "not ASCII": "é", "NUL like": "%00"})
    def test_of_an_upload_that_can_be_none(self, upload):
        expect(self.upload(upload, 1), 404, code="NoSuchUpload")
        self.must_be_missing()

    def test_of_another_key(self):
        upload = self.create()
        expect(self.upload(upload, 1, key="another key"), 404, code="NoSuchUpload")
        expect(self.abort(upload), 204)

    def test_without_an_upload_is_not_a_put(self):
        self.put(b"old")
        answer = self.send("PUT", query="partNumber=1", body=b"part")
        self.assertIn(answer.status, (400, 501))
        self.must_be(b"old")

    @rows({"Content-MD5": ({"Content-MD5": md5(b"other")}, "BadDigest"),
           "CRC32": ({"x-amz-checksum-crc32": crc.checksum("CRC32", b"other")}, "BadDigest"),
           "malformed MD5": ({"Content-MD5": "x"}, "InvalidDigest")})
    def test_that_is_wrong_leaves_the_one_before(self, headers, code):
        upload = self.create(headers={"x-amz-checksum-algorithm": "CRC32"})
        right = {"x-amz-checksum-crc32": crc.checksum("CRC32", b"right")}
        etag = self.part(upload, 1, b"right", headers=right)
        expect(self.upload(upload, 1, b"wrong", headers=headers), 400, code=code)
        self.completed(upload, [(1, etag)])
        self.must_be(b"right")

    def test_of_another_digest(self):
        upload = self.create()
        expect(self.upload(upload, 1, payload="0" * 64), 400, code="XAmzContentSHA256Mismatch")
        expect(self.complete(upload, [(1, OTHER)]), 400, code="InvalidPart")

    @rows({"signed": SIGNED, "signed with trailer": SIGNED_TRAILER,
           "unsigned with trailer": UNSIGNED_TRAILER})
    def test_in_chunks(self, payload):
        upload = self.create(headers=None if payload == SIGNED else {"x-amz-checksum-algorithm": "CRC32"})
        trailers = None if payload == SIGNED else {"x-amz-checksum-crc32": crc.checksum("CRC32", b"part")}
        path = self.path() + "?" + query_of({"partNumber": 1, "uploadId": upload})
        etag = expect(chunks.send(path, b"part", payload, trailers=trailers), 200).get("ETag")
        self.completed(upload, [(1, etag)])
        self.must_be(b"part")

    def test_presigned(self):
        upload = self.create()
        etag = expect(self.upload(upload, 1, b"part", auth="query"), 200).get("ETag")
        self.completed(upload, [(1, etag)])
        self.must_be(b"part")


class Completing(UploadCase):
    def test_part_too_small(self):
        upload = self.create()
        parts = [(1, self.part(upload, 1, BIG[:-1])), (2, self.part(upload, 2, b"tail"))]
        expect(self.complete(upload, parts), 400, code="EntityTooSmall")
        self.must_be_missing()
        parts[0] = (1, self.part(upload, 1, BIG))
        self.completed(upload, parts)
        self.must_be(BIG + b"tail")

    @rows({"reversed": (2, 1), "twice": (1, 1)})
    def test_parts_out_of_order(self, *numbers):
        upload = self.create()
        etags = {number: self.part(upload, number, BIG) for number in (1, 2)}
        expect(self.complete(upload, [(number, etags[number]) for number in numbers]), 400,
               code="InvalidPartOrder")
        self.must_be_missing()

    def test_part_that_is_none(self):
        upload = self.create()
        etag = self.part(upload, 1)
        expect(self.complete(upload, [(1, etag), (2, etag)]), 400, code="InvalidPart")
        self.must_be_missing()

    def test_part_of_another_etag(self):
        upload = self.create()
        self.part(upload, 1)
        expect(self.complete(upload, [(1, OTHER)]), 400, code="InvalidPart")
        self.must_be_missing()

    def test_etag_without_quotes(self):
        upload = self.create()
        etag = self.part(upload, 1)
        self.completed(upload, [(1, etag.strip('"'))])
        self.must_be(b"part")

    @rows({"none": complete_xml([]), "empty": b"", "no XML": b"1=abc",
           "cut short": complete_xml([(1, OTHER)])[:-20],
           "another document": b"<Delete/>",
           "no number": b"<CompleteMultipartUpload><Part><ETag>a</ETag></Part></CompleteMultipartUpload>",
           "no etag": re.sub(b"<ETag>.*</ETag>", b"", complete_xml([(1, OTHER)])),
           "number is none": complete_xml([("x", OTHER)]),
           "an entity": b'<!DOCTYPE a [<!ENTITY e "1">]>' + complete_xml([("&e;", OTHER)])})
    def test_document_is_malformed(self, document):
        upload = self.create()
        etag = self.part(upload, 1)
        expect(self.complete(upload, document), 400, code="MalformedXML")
        self.must_be_missing()
        self.completed(upload, [(1, etag)])

    @rows({"0": 0, "10001": 10_001})
    def test_number_is_refused(self, number):
        upload = self.create()
        self.part(upload, 1)
        answer = self.complete(upload, [(number, OTHER)])
        self.assertIn(re.search(rb"<Code>(\w+)", answer.body)[1],
                      (b"InvalidArgument", b"InvalidPart", b"MalformedXML"))
        self.must_be_missing()

    def test_no_upload(self):
        expect(self.complete(UPLOAD, [(1, OTHER)]), 404, code="NoSuchUpload")

    def test_of_another_key(self):
        upload = self.create()
        etag = self.part(upload, 1)
        expect(self.complete(upload, [(1, etag)], "another key"), 404, code="NoSuchUpload")
        self.completed(upload, [(1, etag)])

    def test_again_answers_as_the_first(self):
        upload = self.create()
        etag = self.part(upload, 1)
        first = self.completed(upload, [(1, etag)])
        self.assertEqual(self.completed(upload, [(1, etag)]).findtext("ETag"), first.findtext("ETag"))
        self.must_be(b"part")

    def test_again_with_other_parts_is_no_repeat(self):
        upload = self.create()
        etag = self.part(upload, 1)
        self.completed(upload, [(1, etag)])
        expect(self.complete(upload, [(1, OTHER)]), 404, code="NoSuchUpload")
        self.must_be(b"part")

    def test_ends_the_upload(self):
        upload = self.create()
        etag = self.part(upload, 1)
        self.completed(upload, [(1, etag)])
        expect(self.upload(upload, 2), 404, code="NoSuchUpload")
        expect(self.send("GET", query=query_of({"uploadId": upload})), 404, code="NoSuchUpload")
        self.must_be(b"part")

    def test_two_uploads_of_one_key_are_apart(self):
        one, other = self.create(), self.create()
        self.assertNotEqual(one, other)
        parts = [(1, self.part(one, 1, b"one"))], [(1, self.part(other, 1, b"other"))]
        self.completed(one, parts[0])
        self.must_be(b"one")
        self.completed(other, parts[1])
        self.must_be(b"other")

    def test_if_none_match_star(self):
        upload = self.create()
        etag = self.part(upload, 1)
        self.put(b"old")
        expect(self.complete(upload, [(1, etag)], headers={"If-None-Match": "*"}), 412,
               code="PreconditionFailed")
        self.must_be(b"old")
        expect(self.send("DELETE"), 204)
        self.completed(upload, [(1, etag)], headers={"If-None-Match": "*"})
        self.must_be(b"part")

    def test_if_match(self):
        upload = self.create()
        etag = self.part(upload, 1)
        expect(self.complete(upload, [(1, etag)], headers={"If-Match": OTHER}), 404, code="NoSuchKey")
        old = self.put(b"old").get("ETag")
        expect(self.complete(upload, [(1, etag)], headers={"If-Match": OTHER}), 412,
               code="PreconditionFailed")
        self.completed(upload, [(1, etag)], headers={"If-Match": old})
        self.must_be(b"part")


class Aborting(UploadCase):
    def test_ends_the_upload(self):
        upload = self.create()
        etag = self.part(upload, 1)
        expect(self.abort(upload), 204)
        for answer in (self.abort(upload), self.upload(upload, 2), self.complete(upload, [(1, etag)]),
                       self.send("GET", query=query_of({"uploadId": upload}))):
            expect(answer, 404, code="NoSuchUpload")
        self.must_be_missing()

    def test_leaves_what_was_there(self):
        self.put(b"old")
        upload = self.create()
        self.part(upload, 1, b"new")
        expect(self.abort(upload), 204)
        self.must_be(b"old")

    def test_no_upload(self):
        expect(self.abort(UPLOAD), 404, code="NoSuchUpload")

    def test_of_another_key(self):
        upload = self.create()
        expect(self.abort(upload, "another key"), 404, code="NoSuchUpload")
        etag = self.part(upload, 1)
        self.completed(upload, [(1, etag)])

    def test_leaves_the_other_uploads(self):
        one, other = self.create(), self.create()
        etag = self.part(other, 1)
        expect(self.abort(one), 204)
        self.completed(other, [(1, etag)])
        self.must_be(b"part")


class Races(UploadCase):
    def test_completes_at_once_answer_alike(self):
        upload = self.create()
        parts = [(1, self.part(upload, 1))]
        answers = at_once(lambda _: self.complete(upload, parts), range(6))
        done = [answer for answer in answers if answer.status == 200]
        self.assertTrue(done, [answer.status for answer in answers])
        self.assertEqual(len({parse_xml(expect(answer, 200)).findtext("ETag") for answer in done}), 1)
        for answer in answers:
            if answer.status != 200:
                expect(answer, 409, code="OperationAborted")
        self.must_be(b"part")

    @rows({f"{turn}": turn for turn in range(4)})
    def test_of_complete_and_abort_one_wins(self, turn):
        upload = self.create()
        parts = [(1, self.part(upload, 1))]
        deeds = [lambda: self.complete(upload, parts), lambda: self.abort(upload)]
        with ThreadPoolExecutor(2) as pool:
            tasks = [pool.submit(deed) for deed in (deeds if turn % 2 else deeds[::-1])]
            complete, abort = [task.result() for task in (tasks if turn % 2 else tasks[::-1])]
        if complete.status == 200:
            expect(abort, 404, code="NoSuchUpload")
            self.must_be(b"part")
        else:
            expect(complete, 404, code="NoSuchUpload")
            expect(abort, 204)
            self.must_be_missing()

    def test_of_parts_with_one_number_one_stays(self):
        upload = self.create()
        bodies = [b"%d" % number * 1000 for number in range(6)]
        etags = at_once(lambda body: self.part(upload, 1, body), bodies)
        listed = texts(self.parts(upload), "Part/ETag")
        self.assertEqual(len(listed), 1)
        self.completed(upload, [(1, listed[0])])
        self.must_be(bodies[etags.index(listed[0])])


class Creating(UploadCase):
    @rows({"key too long": ("k" * 1025, {}, "KeyTooLongError"),
           "metadata too large": (None, {"x-amz-meta-a": "v" * 2048}, "MetadataTooLarge"),
           "tags": (None, {"x-amz-tagging": "a=1&a=2"}, "InvalidTag"),
           "acl": (None, {"x-amz-acl": "public-read"}, "AccessControlListNotSupported"),
           "checksum algorithm": (None, {"x-amz-checksum-algorithm": "ADLER32"}, "InvalidRequest"),
           "checksum type": (None, {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "HALF"},
                             "InvalidRequest"),
           "composite CRC64NVME": (None, {"x-amz-checksum-algorithm": "CRC64NVME",
                                          "x-amz-checksum-type": "COMPOSITE"}, "InvalidRequest"),
           "full SHA256": (None, {"x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-type": "FULL_OBJECT"},
                           "InvalidRequest"),
           "full SHA1": (None, {"x-amz-checksum-algorithm": "SHA1", "x-amz-checksum-type": "FULL_OBJECT"},
                         "InvalidRequest")})
    def test_is_refused(self, key, headers, code):
        expect(self.send("POST", key, query="uploads", headers=headers), 400, code=code)

    def test_encryption_is_echoed(self):
        headers = {"x-amz-server-side-encryption": "AES256"}
        expect(self.send("POST", query="uploads", headers=headers), 200, headers)


class Listing(OwnBucketCase, UploadCase):
    """In a bucket of its own each: it lists all uploads."""

    def page(self, **query):
        query = {name.replace("_", "-"): value for name, value in query.items()}
        return parse_xml(expect(self.of_bucket("GET", {"uploads": "", **query}), 200))

    def keys(self, page):
        return texts(page, "Upload/Key")

    def test_of_none(self):
        page = self.page()
        self.assertEqual((page.tag, self.keys(page)), ("ListMultipartUploadsResult", []))
        self.assertEqual((page.findtext("IsTruncated"), page.findtext("MaxUploads")), ("false", "1000"))

    def test_names_them_all(self):
        uploads = {key: self.create(key) for key in ("b", "a/1", "a/2")}
        page = self.page()
        self.assertEqual(self.keys(page), ["a/1", "a/2", "b"])
        self.assertEqual(texts(page, "Upload/UploadId"), [uploads[key] for key in ("a/1", "a/2", "b")])
        for upload in page.findall("Upload"):
            self.assertRegex(upload.findtext("Initiated"), ISO_DATE)
            self.assertEqual(upload.findtext("StorageClass"), "STANDARD")
            self.assertTrue(upload.findtext("Initiator/ID") and upload.findtext("Owner/ID"))

    def test_does_not_name_those_that_ended(self):
        done, gone = self.create("done"), self.create("gone")
        self.completed(done, [(1, self.part(done, 1, key="done"))], "done")
        expect(self.abort(gone, "gone"), 204)
        self.assertEqual(self.keys(self.page()), [])

    def test_by_prefix_and_delimiter(self):
        for key in ("a", "a/1", "a/2", "a/b/1", "c/1"):
            self.create(key)
        self.assertEqual(self.keys(self.page(prefix="a/")), ["a/1", "a/2", "a/b/1"])
        page = self.page(delimiter="/")
        self.assertEqual((self.keys(page), texts(page, "CommonPrefixes/Prefix")), (["a"], ["a/", "c/"]))
        page = self.page(prefix="a/", delimiter="/")
        self.assertEqual((self.keys(page), texts(page, "CommonPrefixes/Prefix")), (["a/1", "a/2"], ["a/b/"]))

    @rows({str(size): size for size in (1, 2, 3, 10)})
    def test_pages_join_to_the_whole(self, size):
        created = sorted((key, self.create(key)) for key in ("a", "b", "b", "b", "c"))
        found, marker = [], {}
        while True:
            page = self.page(max_uploads=size, **marker)
            found.append(list(zip(self.keys(page), texts(page, "Upload/UploadId"))))
            if page.findtext("IsTruncated") == "false":
                break
            marker = {"key_marker": page.findtext("NextKeyMarker"),
                      "upload_id_marker": page.findtext("NextUploadIdMarker")}
        self.assertEqual(sorted(sum(found, [])), created)
        self.assertEqual([key for key, _ in sum(found, [])], ["a", "b", "b", "b", "c"])
        self.assertTrue(all(len(page) == size for page in found[:-1]), found)

    def test_key_marker_alone_skips_its_uploads(self):
        for key in ("a", "b", "b", "c"):
            self.create(key)
        self.assertEqual(self.keys(self.page(key_marker="b")), ["c"])

    @rows({"max-uploads": "max-uploads=x", "negative": "max-uploads=-1", "encoding-type": "encoding-type=x"})
    def test_parameter_is_refused(self, query):
        expect(self.of_bucket("GET", "uploads&" + query), 400, code="InvalidArgument")

    def test_keys_are_url_encoded_when_asked(self):
        self.create("a b&c")
        page = self.page(encoding_type="url")
        self.assertIn(self.keys(page)[0], ("a%20b%26c", "a+b%26c"))
        self.assertEqual(page.findtext("EncodingType"), "url")

    def test_bucket_may_be_deleted_while_one_is_unfinished(self):
        upload = self.create()
        self.part(upload, 1)
        expect(call("DELETE", f"/{self.bucket}"), 204)
        expect(call("PUT", f"/{self.bucket}"), 200)
        expect(self.upload(upload, 2), 404, code="NoSuchUpload")
        self.assertEqual(self.keys(self.page()), [])


class ListingParts(UploadCase):
    def test_of_none(self):
        page = self.parts(self.create())
        self.assertEqual((page.tag, texts(page, "Part"), page.findtext("IsTruncated")),
                         ("ListPartsResult", [], "false"))

    def test_names_them_all(self):
        upload = self.create()
        etags = {number: self.part(upload, number, b"x" * number) for number in (5, 1, 3)}
        page = self.parts(upload)
        self.assertEqual(texts(page, "Part/PartNumber"), ["1", "3", "5"])
        self.assertEqual(texts(page, "Part/Size"), ["1", "3", "5"])
        self.assertEqual(texts(page, "Part/ETag"), [etags[number] for number in (1, 3, 5)])
        self.assertEqual((page.findtext("Bucket"), page.findtext("Key"), page.findtext("UploadId")),
                         (self.bucket, self.key, upload))
        self.assertEqual((page.findtext("MaxParts"), page.findtext("StorageClass")), ("1000", "STANDARD"))
        for date in texts(page, "Part/LastModified"):
            self.assertRegex(date, ISO_DATE)

    def test_names_the_last_of_a_number(self):
        upload = self.create()
        self.part(upload, 1, b"first")
        etag = self.part(upload, 1, b"second!")
        page = self.parts(upload)
        self.assertEqual((texts(page, "Part/ETag"), texts(page, "Part/Size")), ([etag], ["7"]))

    @rows({str(size): size for size in (1, 2, 3, 5, 10)})
    def test_pages_join_to_the_whole(self, size):
        upload = self.create()
        numbers = ["1", "2", "10", "999", "10000"]
        for number in numbers:
            self.part(upload, number)
        found, marker = [], 0
        while True:
            page = self.parts(upload, max_parts=size, part_number_marker=marker)
            self.assertEqual((page.findtext("MaxParts"), page.findtext("PartNumberMarker")),
                             (str(size), str(marker)))
            found.append(texts(page, "Part/PartNumber"))
            if page.findtext("IsTruncated") == "false":
                break
            marker = int(page.findtext("NextPartNumberMarker"))
            self.assertEqual(str(marker), found[-1][-1])
        self.assertEqual(sum(found, []), numbers)
        self.assertTrue(all(len(page) == size for page in found[:-1]), found)

    @rows({"max-parts": "max-parts=x", "negative": "max-parts=-1", "marker": "part-number-marker=x"})
    def test_parameter_is_refused(self, query):
        upload = self.create()
        expect(self.send("GET", query=query_of({"uploadId": upload}) + "&" + query), 400,
               code="InvalidArgument")

    def test_of_no_upload(self):
        expect(self.send("GET", query="uploadId=" + UPLOAD), 404, code="NoSuchUpload")
