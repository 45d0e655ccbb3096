"""Tags of objects and buckets."""
from .harness import BucketCase, client, expect, md5, parse_xml, rows, tagging, texts

LIMIT = {"key of 128": {"k" * 128: "v"}, "value of 256": {"k": "v" * 256}, "empty value": {"k": ""},
         "key of 128 not ASCII": {"é" * 128: "v"}, "value of 256 not ASCII": {"k": "日" * 256},
         "all characters": {"aZ0 +-=._:/@": "bY9 +-=._:/@"}, "other scripts": {"ключ": "значение"}}
BEYOND = {"key of 129": {"k" * 129: "v"}, "value of 257": {"k": "v" * 257}, "empty key": {"": "v"},
          "aws:": {"aws:a": "v"}, "AWS:": {"AWS:a": "v"}, "character in key": {"a!": "v"},
          "character in value": {"a": "b#"},
          "newline": {"a": "b\nc"}}
MALFORMED = {"empty": b"", "no XML": b"a=b", "another document": b"<Tags/>", "no TagSet": b"<Tagging/>",
             "cut short": tagging({"a": "b"})[:-3],
             "no key": b"<Tagging><TagSet><Tag><Value>b</Value></Tag></TagSet></Tagging>",
             "no value": b"<Tagging><TagSet><Tag><Key>b</Key></Tag></TagSet></Tagging>",
             "an entity": b'<!DOCTYPE Tagging [<!ENTITY a "b">]>' + tagging({"k": "&a;"})}
TWICE = tagging({"a": "1"}).replace(b"</TagSet>", b"<Tag><Key>a</Key><Value>2</Value></Tag></TagSet>")


def tags_of(answer) -> dict:
    document = parse_xml(expect(answer, 200, {"Content-Type": "application/xml"}))
    assert document.tag == "Tagging", document.tag
    return dict(zip(texts(document, "TagSet/Tag/Key"), texts(document, "TagSet/Tag/Value")))


class OfObjects(BucketCase):
    def tag(self, document, **options):
        return self.send("PUT", query="tagging", body=document, **options)

    def tags(self):
        return tags_of(self.get(query="tagging"))

    def test_none(self):
        self.put()
        self.assertEqual(self.tags(), {})
        expect(self.head(), 200, {"x-amz-tagging-count": None})

    def test_are_put_replaced_and_deleted(self):
        self.put()
        expect(self.tag(tagging({"a": "1", "b": "2"})), 200, body=b"")
        self.assertEqual(self.tags(), {"a": "1", "b": "2"})
        expect(self.tag(tagging({"c": "3"})), 200)
        self.assertEqual(self.tags(), {"c": "3"})
        expect(self.send("DELETE", query="tagging"), 204)
        self.assertEqual(self.tags(), {})
        self.must_be(b"content")

    def test_are_counted(self):
        self.put()
        expect(self.tag(tagging({"a": "1", "b": "2"})), 200)
        expect(self.get(), 200, {"x-amz-tagging-count": "2"})
        expect(self.head(), 200, {"x-amz-tagging-count": "2"})

    def test_leave_all_else(self):
        etag = self.put(headers={"Content-Type": "text/plain", "x-amz-meta-a": "b"}).get("ETag")
        expect(self.tag(tagging({"a": "1"})), 200)
        expect(self.get(), 200, {"ETag": etag, "Content-Type": "text/plain", "x-amz-meta-a": "b"},
               body=b"content")

    def test_of_an_empty_set_are_none(self):
        self.put(headers={"x-amz-tagging": "a=1"})
        expect(self.tag(tagging({})), 200)
        self.assertEqual(self.tags(), {})

    def test_survive_a_patch(self):
        self.put(headers={"x-amz-tagging": "a=1"})
        expect(self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"C"), 200)
        self.assertEqual(self.tags(), {"a": "1"})

    @rows({"one": ("a=1", {"a": "1"}), "two": ("a=1&b=2", {"a": "1", "b": "2"}),
           "escapes": ("a%20b=c%2Bd", {"a b": "c+d"}),
           "plus": ("a+b=c+d", {"a b": "c d"}), "no value": ("a=", {"a": ""}), "no equals": ("a", {"a": ""}),
           "not ASCII": ("%C3%A9=%E6%97%A5", {"é": "日"}), "empty": ("", {}),
           "ten": ("&".join(f"k{n}={n}" for n in range(10)), {f"k{n}": str(n) for n in range(10)})})
    def test_by_header(self, header, tags):
        self.put(headers={"x-amz-tagging": header})
        self.assertEqual(self.tags(), tags)

    @rows({"eleven": "&".join(f"k{n}={n}" for n in range(11)), "key of 129": "k" * 129 + "=v",
           "value of 257": "k=" + "v" * 257,
           "twice": "a=1&a=2", "aws:": "aws:a=1", "empty key": "=v", "character": "a%21=b"})
    def test_by_header_refused(self, header):
        expect(self.send("PUT", headers={"x-amz-tagging": header}, body=b"x"), 400, code="InvalidTag")
        self.must_be_missing()

    @rows({"bad escape": "a=%zz", "no UTF-8": "a=%FF"})
    def test_header_is_malformed(self, header):
        expect(self.send("PUT", headers={"x-amz-tagging": header}, body=b"x"), 400, code="InvalidArgument")
        self.must_be_missing()

    @rows(LIMIT)
    def test_at_the_limit(self, tags):
        self.put()
        expect(self.tag(tagging(tags)), 200)
        self.assertEqual(self.tags(), tags)

    @rows({name: tagging(tags) for name, tags in BEYOND.items()}
          | {"eleven": tagging({f"k{n}": "v" for n in range(11)}), "twice": TWICE})
    def test_beyond_the_limit(self, document):
        self.put(headers={"x-amz-tagging": "old=1"})
        expect(self.tag(document), 400, code="InvalidTag")
        self.assertEqual(self.tags(), {"old": "1"})

    @rows(MALFORMED)
    def test_document_is_malformed(self, document):
        self.put(headers={"x-amz-tagging": "old=1"})
        expect(self.tag(document), 400, code="MalformedXML")
        self.assertEqual(self.tags(), {"old": "1"})

    def test_wrong_md5(self):
        self.put()
        expect(self.tag(tagging({"a": "1"}), headers={"Content-MD5": md5(b"other")}), 400, code="BadDigest")
        self.assertEqual(self.tags(), {})

    def test_of_a_missing_object(self):
        expect(self.tag(tagging({"a": "1"})), 404, code="NoSuchKey")
        self.must_be_missing()

    def test_of_a_missing_version(self):
        self.put()
        expect(self.get(query="tagging&versionId=" + "0" * 32), 404, code="NoSuchVersion")
        expect(self.send("PUT", query="tagging&versionId=" + "0" * 32, body=tagging({"a": "1"})), 404,
               code="NoSuchVersion")

    def test_by_boto3(self):
        self.put()
        s3 = client()
        key = {"Bucket": self.bucket, "Key": self.key}
        s3.put_object_tagging(**key, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        self.assertEqual(s3.get_object_tagging(**key)["TagSet"], [{"Key": "a", "Value": "b"}])
        s3.delete_object_tagging(**key)
        self.assertEqual(s3.get_object_tagging(**key)["TagSet"], [])


class OfBuckets(BucketCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.of_bucket, "DELETE", "tagging")

    def tag(self, document):
        return self.of_bucket("PUT", "tagging", body=document)

    def tags(self):
        return tags_of(self.of_bucket("GET", "tagging"))

    def test_are_put_replaced_and_deleted(self):
        expect(self.of_bucket("GET", "tagging"), 404, code="NoSuchTagSet")
        expect(self.tag(tagging({"a": "1", "b": "2"})), 204)
        self.assertEqual(self.tags(), {"a": "1", "b": "2"})
        expect(self.tag(tagging({"c": "3"})), 204)
        self.assertEqual(self.tags(), {"c": "3"})
        expect(self.of_bucket("DELETE", "tagging"), 204)
        expect(self.of_bucket("GET", "tagging"), 404, code="NoSuchTagSet")
        expect(self.of_bucket("DELETE", "tagging"), 204)

    def test_50_at_most(self):
        tags = {f"k{n}": str(n) for n in range(50)}
        expect(self.tag(tagging(tags)), 204)
        expect(self.tag(tagging(tags | {"k50": "50"})), 400, code="InvalidTag")
        self.assertEqual(self.tags(), tags)

    @rows(LIMIT)
    def test_at_the_limit(self, tags):
        expect(self.tag(tagging(tags)), 204)
        self.assertEqual(self.tags(), tags)

    @rows({name: tagging(tags) for name, tags in BEYOND.items()} | {"twice": TWICE})
    def test_beyond_the_limit(self, document):
        expect(self.tag(document), 400, code="InvalidTag")
        expect(self.of_bucket("GET", "tagging"), 404, code="NoSuchTagSet")

    @rows(MALFORMED)
    def test_document_is_malformed(self, document):
        expect(self.tag(document), 400, code="MalformedXML")
        expect(self.of_bucket("GET", "tagging"), 404, code="NoSuchTagSet")

    def test_do_not_make_tags_of_objects(self):
        expect(self.tag(tagging({"a": "1"})), 204)
        self.put()
        expect(self.head(), 200, {"x-amz-tagging-count": None})
