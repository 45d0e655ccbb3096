"""CopyObject: inside a bucket, between buckets, onto itself; what goes with the bytes and what does not."""
from .harness import (ISO_DATE, MISSING, QUOTED_ETAG, BucketCase, call, client, drop_bucket, expect,
                      make_bucket,
                      parse_xml, pattern_bytes, quote, rows)
from .topic_conditions import OTHER, combinations, condition_headers

WITH = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-amz-meta-a": "b",
        "x-amz-tagging": "t=1"}
SHOWN = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-amz-meta-a": "b",
         "x-amz-tagging-count": "1"}
NOT_SHOWN = dict.fromkeys(SHOWN) | {"Content-Type": "binary/octet-stream"}


class CopyCase(BucketCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = make_bucket()

    @classmethod
    def tearDownClass(cls):
        drop_bucket(cls.other)
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.source = self.key + "/from"

    def copy(self, source=None, headers=None, bucket=None, key=None):
        """From `source` in self.bucket to `key` in `bucket`."""
        path = f"/{bucket or self.bucket}/{quote(self.key if key is None else key)}"
        source = f"{self.bucket}/{quote(self.source if source is None else source)}"
        return call("PUT", path, headers={"x-amz-copy-source": source, **(headers or {})})

    def result(self, answer):
        document = parse_xml(expect(answer, 200, {"Content-Type": "application/xml"}))
        self.assertEqual(document.tag, "CopyObjectResult")
        self.assertRegex(document.findtext("LastModified"), ISO_DATE)
        self.assertRegex(document.findtext("ETag"), QUOTED_ETAG)
        return document


WHERE = {"inside": False, "to another bucket": True}


class Bytes(CopyCase):
    @rows({f"{where}, {size}": (other, size) for where, other in WHERE.items()
           for size in (0, 1, 70_000, (1 << 20) + 1, 9 << 20)})
    def test_are_copied(self, other, size):
        body = pattern_bytes(size)
        self.put(body, self.source)
        bucket = self.other if other else self.bucket
        result = self.result(self.copy(bucket=bucket))
        expect(call("GET", f"/{bucket}/{quote(self.key)}"), 200, {"ETag": result.findtext("ETag")}, body=body)
        self.must_be(body, self.source)

    @rows(WHERE)
    def test_of_a_patched_object_are_copied(self, other):
        self.put(b"0123456789", self.source)
        expect(self.send("PATCH", self.source, headers={"Content-Range": "bytes 8-11/*"}, body=b"abcd"), 200)
        bucket = self.other if other else self.bucket
        self.result(self.copy(bucket=bucket))
        expect(call("GET", f"/{bucket}/{quote(self.key)}"), 200, body=b"01234567abcd")

    @rows(WHERE)
    def test_of_an_object_with_holes_are_copied(self, other):
        self.put(b"ab", self.source)
        expect(self.send("PATCH", self.source, headers={"Content-Range": "bytes */200000"}), 200)
        bucket = self.other if other else self.bucket
        self.result(self.copy(bucket=bucket))
        expect(call("GET", f"/{bucket}/{quote(self.key)}"), 200, body=b"ab" + bytes(199_998))

    @rows({"the copy": True, "the source": False})
    def test_are_apart_after_a_patch_of(self, of_copy):
        self.put(b"content", self.source)
        self.result(self.copy())
        patched, kept = (self.key, self.source) if of_copy else (self.source, self.key)
        expect(self.send("PATCH", patched, headers={"Content-Range": "bytes 0-0/*"}, body=b"C"), 200)
        self.must_be(b"Content", patched)
        self.must_be(b"content", kept)

    def test_of_a_copy_of_a_copy(self):
        self.put(b"content", self.source)
        for step in range(5):
            before = self.source if step == 0 else f"{self.key}/{step - 1}"
            self.result(self.copy(before, key=f"{self.key}/{step}"))
        self.must_be(b"content", f"{self.key}/4")

    def test_replace_what_was_there(self):
        self.put(b"content", self.source)
        self.put(b"old", headers={"x-amz-meta-old": "1"})
        self.result(self.copy())
        expect(self.get(), 200, {"x-amz-meta-old": None}, body=b"content")


class Source(CopyCase):
    @rows({"slash first": "/{bucket}/{key}", "escaped slash after the bucket": "{bucket}%2F{key}",
           "version null": "{bucket}/{key}?versionId=null"})
    def test_may_be_written(self, form):
        self.put(b"content", self.source)
        source = form.format(bucket=self.bucket, key=quote(self.source))
        self.result(self.send("PUT", headers={"x-amz-copy-source": source}))
        self.must_be(b"content")

    @rows({"blank": "a b", "plus": "a+b", "percent": "a%20b", "question mark": "a?versionId=b",
           "not ASCII": "ä/日本",
           "two slashes": "a//b", "dots": "a/../b", "slash last": "a/"})
    def test_key_may_be(self, key):
        self.put(key.encode(), key)
        self.result(self.copy(key))
        self.must_be(key.encode())

    def test_plus_that_is_not_escaped_is_a_blank(self):
        """Encoded as a form is: so s5cmd and others send it."""
        self.put(b"blank", "p q")
        self.put(b"plus", "p+q")
        self.result(self.send("PUT", headers={"x-amz-copy-source": f"{self.bucket}/p+q"}))
        self.must_be(b"blank")

    def test_is_missing(self):
        expect(self.copy(), 404, code="NoSuchKey")
        self.must_be_missing()

    def test_bucket_is_missing(self):
        expect(self.send("PUT", headers={"x-amz-copy-source": f"{MISSING}/key"}), 404, code="NoSuchBucket")

    def test_version_is_missing(self):
        self.put(b"content", self.source)
        source = f"{self.bucket}/{quote(self.source)}?versionId={'0' * 32}"
        expect(self.send("PUT", headers={"x-amz-copy-source": source}), 404, code="NoSuchVersion")
        self.must_be_missing()

    def test_missing_leaves_what_was_there(self):
        self.put(b"old")
        expect(self.copy(), 404, code="NoSuchKey")
        self.must_be(b"old")


class Directives(CopyCase):
    NEW = {"Content-Type": "text/html", "x-amz-meta-new": "1"}

    def copied(self, headers, where):
        self.put(b"content", self.source, WITH)
        bucket = self.other if where else self.bucket
        self.result(self.copy(bucket=bucket, headers=headers))
        return call("GET", f"/{bucket}/{quote(self.key)}")

    @rows({"not said": ({}, False), "not said, to another bucket": ({}, True),
           "COPY": ({"x-amz-metadata-directive": "COPY", "x-amz-tagging-directive": "COPY"}, False),
           "new headers without REPLACE": (NEW, False),
           "new headers without REPLACE, to another bucket": (NEW, True)})
    def test_all_goes_along(self, headers, where):
        expect(self.copied(headers, where), 200, SHOWN | {"x-amz-meta-new": None}, body=b"content")

    @rows(WHERE)
    def test_metadata_is_replaced(self, where):
        headers = {"x-amz-metadata-directive": "REPLACE", **self.NEW}
        shown = {"Content-Type": "text/html", "x-amz-meta-new": "1", "x-amz-meta-a": None,
                 "Cache-Control": None,
                 "x-amz-tagging-count": "1"}
        expect(self.copied(headers, where), 200, shown, body=b"content")

    def test_metadata_is_replaced_by_none(self):
        shown = NOT_SHOWN | {"x-amz-tagging-count": "1"}
        expect(self.copied({"x-amz-metadata-directive": "REPLACE"}, False), 200, shown, body=b"content")

    @rows(WHERE)
    def test_tags_are_replaced(self, where):
        headers = {"x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "x=1&y=2"}
        expect(self.copied(headers, where), 200, SHOWN | {"x-amz-tagging-count": "2"})

    def test_tags_are_replaced_by_none(self):
        expect(self.copied({"x-amz-tagging-directive": "REPLACE"}, False), 200,
               SHOWN | {"x-amz-tagging-count": None})

    @rows({f"{name} {value}": (name, value) for name in ("x-amz-metadata-directive",
                                                         "x-amz-tagging-directive")
           for value in ("MOVE", "replace")})
    def test_unknown_is_refused(self, name, value):
        self.put(b"content", self.source)
        expect(self.copy(headers={name: value}), 400, code="InvalidArgument")
        self.must_be_missing()

    def test_replaced_metadata_has_its_limit(self):
        self.put(b"content", self.source)
        headers = {"x-amz-metadata-directive": "REPLACE", "x-amz-meta-a": "v" * 2048}
        expect(self.copy(headers=headers), 400, code="MetadataTooLarge")
        self.must_be_missing()

    def test_replaced_tags_have_their_limit(self):
        self.put(b"content", self.source)
        tags = "&".join(f"k{number}=v" for number in range(11))
        expect(self.copy(headers={"x-amz-tagging-directive": "REPLACE", "x-amz-tagging": tags}), 400,
               code="InvalidTag")
        self.must_be_missing()

    def test_acl_of_others_is_refused(self):
        self.put(b"content", self.source)
        expect(self.copy(headers={"x-amz-acl": "public-read"}), 400, code="AccessControlListNotSupported")
        self.must_be_missing()


class OntoItself(CopyCase):
    def onto(self, headers=None):
        return self.copy(self.key, headers)

    @rows({"not said": {}, "COPY": {"x-amz-metadata-directive": "COPY"},
           "new headers": {"x-amz-meta-a": "c"}})
    def test_without_a_change_is_refused(self, headers):
        self.put(b"content", headers=WITH)
        expect(self.onto(headers), 400, code="InvalidRequest")
        expect(self.get(), 200, SHOWN, body=b"content")

    def test_replaces_metadata_and_keeps_bytes_and_etag(self):
        etag = self.put(b"content", headers=WITH).get("ETag")
        result = self.result(self.onto({"x-amz-metadata-directive": "REPLACE", "x-amz-meta-mtime": "1.5"}))
        shown = NOT_SHOWN | {"x-amz-meta-mtime": "1.5", "x-amz-tagging-count": "1",
                             "ETag": result.findtext("ETag")}
        expect(self.get(), 200, shown, body=b"content")
        if not etag.endswith('-0"'):
            self.assertEqual(result.findtext("ETag"), etag)

    def test_replaces_tags(self):
        self.put(b"content", headers=WITH)
        self.result(self.onto({"x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "x=1&y=2"}))
        expect(self.get(), 200, SHOWN | {"x-amz-tagging-count": "2"}, body=b"content")

    def test_many_times(self):
        body = pattern_bytes(100_000)
        self.put(body)
        for turn in range(10):
            self.result(self.onto({"x-amz-metadata-directive": "REPLACE", "x-amz-meta-turn": str(turn)}))
        expect(self.get(), 200, {"x-amz-meta-turn": "9"}, body=body)

    def test_of_a_missing_one(self):
        expect(self.onto({"x-amz-metadata-directive": "REPLACE"}), 404, code="NoSuchKey")


def copy_verdict(if_match, unmodified, none_match, modified) -> int:
    """As RFC 9110 has it, but what would be 304 is 412."""
    first = if_match if if_match is not None else unmodified
    second = none_match is not True if none_match is not None else modified
    return 412 if first is False or second is False else 200


class Conditions(CopyCase):
    @rows(combinations(["If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since"]))
    def test_source_with(self, *values):
        self.put(b"content", self.source)
        head = expect(self.head(self.source), 200)
        headers = condition_headers(head.get("ETag"), head.get("Last-Modified"), *values,
                                    prefix="x-amz-copy-source-")
        answer = self.copy(headers=headers)
        if copy_verdict(*values) == 200:
            self.result(answer)
            self.must_be(b"content")
        else:
            expect(answer, 412, code="PreconditionFailed")
            self.must_be_missing()

    def conditional(self, headers, old=b"old"):
        self.put(b"content", self.source)
        etag = self.put(old).get("ETag") if old is not None else ""
        return self.copy(headers={name: value.format(etag=etag) for name, value in headers.items()})

    def test_target_that_must_not_exist_and_does(self):
        expect(self.conditional({"If-None-Match": "*"}), 412, code="PreconditionFailed")
        self.must_be(b"old")

    def test_target_that_must_not_exist_and_does_not(self):
        self.result(self.conditional({"If-None-Match": "*"}, None))
        self.must_be(b"content")

    def test_target_with_its_etag(self):
        self.result(self.conditional({"If-Match": "{etag}"}))
        self.must_be(b"content")

    def test_target_with_another_etag(self):
        expect(self.conditional({"If-Match": OTHER}), 412, code="PreconditionFailed")
        self.must_be(b"old")

    def test_target_with_an_etag_and_missing(self):
        expect(self.conditional({"If-Match": OTHER}, None), 404, code="NoSuchKey")
        self.must_be_missing()

    def test_target_with_its_etag_in_another_bucket(self):
        self.put(b"content", self.source)
        path = f"/{self.other}/{quote(self.key)}"
        etag = expect(call("PUT", path, body=b"old"), 200).get("ETag")
        expect(self.copy(bucket=self.other, headers={"If-Match": OTHER}), 412, code="PreconditionFailed")
        self.result(self.copy(bucket=self.other, headers={"If-Match": etag}))
        expect(call("GET", path), 200, body=b"content")


class ByBoto3(CopyCase):
    def test_copies_and_tags(self):
        self.put(b"content", self.source)
        s3 = client()
        s3.copy_object(Bucket=self.other, Key="copy", CopySource={"Bucket": self.bucket, "Key": self.source})
        self.assertEqual(s3.get_object(Bucket=self.other, Key="copy")["Body"].read(), b"content")
        s3.copy({"Bucket": self.bucket, "Key": self.source}, self.bucket, self.key)
        self.must_be(b"content")
