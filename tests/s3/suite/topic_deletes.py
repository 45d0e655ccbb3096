"""DeleteObject and DeleteObjects."""
from . import crc
from .harness import BucketCase, client, expect, md5, parse_xml, rows, texts

OTHER = '"0123456789abcdef0123456789abcdef"'


def document(keys: list, quiet: str = "", extra: str = "") -> bytes:
    entries = "".join(f"<Object><Key>{key}</Key>{extra}</Object>" for key in keys)
    return f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{quiet}{entries}</Delete>'.encode()


class One(BucketCase):
    def test_is_gone(self):
        self.put()
        expect(self.send("DELETE"), 204, body=b"")
        self.must_be_missing()

    def test_of_nothing_is_done_as_well(self):
        expect(self.send("DELETE"), 204)
        self.put()
        expect(self.send("DELETE"), 204)
        expect(self.send("DELETE"), 204)

    def test_leaves_its_neighbours(self):
        keys = ["d/a", "d/a/", "d/a/b", "d/aa", "d/"]
        for key in keys:
            self.put(key.encode(), key)
        expect(self.send("DELETE", "d/a"), 204)
        self.must_be_missing("d/a")
        for key in keys[1:]:
            self.must_be(key.encode(), key)

    def test_then_put_is_new(self):
        self.put(b"old", headers={"x-amz-meta-a": "b"})
        expect(self.send("DELETE"), 204)
        self.put(b"new")
        expect(self.get(), 200, {"x-amz-meta-a": None}, body=b"new")

    def test_of_a_copy_leaves_the_source(self):
        self.put(b"content", "source")
        expect(self.send("PUT", headers={"x-amz-copy-source": f"{self.bucket}/source"}), 200)
        expect(self.send("DELETE"), 204)
        self.must_be(b"content", "source")

    def test_of_the_source_leaves_the_copy(self):
        self.put(b"content", "other source")
        expect(self.send("PUT", headers={"x-amz-copy-source": f"{self.bucket}/other%20source"}), 200)
        expect(self.send("DELETE", "other source"), 204)
        self.must_be(b"content")


class Many(BucketCase):
    def delete(self, body, headers=None):
        return self.of_bucket("POST", "delete", body=body,
                              headers={"Content-MD5": md5(body)} if headers is None else headers)

    def result(self, body, headers=None):
        return parse_xml(expect(self.delete(body, headers), 200, {"Content-Type": "application/xml"}))

    def keys(self, *names):
        return [f"{self.key}/{name}" for name in names]

    def test_are_gone_and_named(self):
        keys = self.keys("a", "b", "c")
        for key in keys:
            self.put(key=key)
        result = self.result(document(keys))
        self.assertEqual((result.tag, texts(result, "Deleted/Key"), texts(result, "Error")),
                         ("DeleteResult", keys, []))
        for key in keys:
            self.must_be_missing(key)

    def test_missing_ones_are_named_as_well(self):
        self.put(key=self.keys("a")[0])
        keys = self.keys("nothing", "a")
        self.assertEqual(texts(self.result(document(keys)), "Deleted/Key"), keys)

    @rows({"true": ("<Quiet>true</Quiet>", 0), "false": ("<Quiet>false</Quiet>", 1), "left out": ("", 1)})
    def test_quiet(self, quiet, named):
        self.put()
        result = self.result(document([self.key], quiet))
        self.assertEqual(len(result), named)
        self.must_be_missing()

    def test_twice_the_same(self):
        self.put()
        self.assertEqual(texts(self.result(document([self.key, self.key])), "Deleted/Key"), [self.key] * 2)

    @rows({"markup": ("a<b>&c", "a&lt;b&gt;&amp;c"), "by numbers": ("aé", "a&#233;"),
           "hex number": ("a/b", "a&#x2F;b"),
           "CDATA": ("a<b", "<![CDATA[a<b]]>"), "blanks": (" a  b ", " a  b "), "only a blank": (" ", " "),
           "newline": ("a\nb", "a&#10;b"), "emoji": ("😀", "😀"), "not decoded": ("a%20b", "a%20b"),
           "plus": ("a+b", "a+b")})
    def test_key_in_xml(self, key, text):
        self.put(key=key)
        self.result(document([text]))
        self.must_be_missing(key)

    def test_1000_at_once(self):
        keys = [f"k{number}" for number in range(1000)]
        self.put(key="k999")
        self.assertEqual(texts(self.result(document(keys)), "Deleted/Key"), keys)
        self.must_be_missing("k999")

    def test_1001_are_too_many(self):
        self.put(key="m0")
        expect(self.delete(document([f"m{number}" for number in range(1001)])), 400, code="MalformedXML")
        self.must_be(b"content", "m0")

    @rows({"none": b"<Delete></Delete>", "empty": b"", "no XML": b"key", "cut short": document(["KEY"])[:-9],
           "another document": document(["KEY"]).replace(b"Delete", b"Destroy"),
           "no key": b"<Delete><Object/></Delete>",
           "empty key": document([""]), "no UTF-8": document(["KEY"]).replace(b"KEY", b"KEY\xff"),
           "no reference": document(["&nothing;"]), "two roots": document(["KEY"]) * 2,
           "open tag": b"<Delete><Object>",
           "a declared entity": b'<!DOCTYPE Delete [<!ENTITY a "KEY">]>' + document(["&a;"]),
           "an outside entity": b'<!DOCTYPE Delete [<!ENTITY a SYSTEM "file:///a">]>' + document(["&a;"]),
           "deep": b"<Delete>" + b"<a>" * 100_000,
           "crossed tags": b"<Delete><Object><Key>KEY</Object></Key></Delete>"})
    def test_document_is_refused(self, body):
        key = "refused " + self.key[:40]
        self.put(key=key)
        expect(self.delete(body.replace(b"KEY", key.encode())), 400, code="MalformedXML")
        self.must_be(b"content", key)

    def test_needs_a_checksum(self):
        self.put()
        expect(self.delete(document([self.key]), {}), 400, code="InvalidRequest")
        self.must_be(b"content")

    @rows({"Content-MD5": {"Content-MD5": md5(b"other")},
           "CRC32": {"x-amz-checksum-crc32": crc.checksum("CRC32", b"other")}})
    def test_wrong_checksum_deletes_nothing(self, headers):
        self.put()
        expect(self.delete(document([self.key]), headers), 400, code="BadDigest")
        self.must_be(b"content")

    @rows({name: name for name in crc.DIGESTS})
    def test_checksum_may_be(self, algorithm):
        self.put()
        body = document([self.key])
        self.result(body, {crc.header(algorithm): crc.checksum(algorithm, body)})
        self.must_be_missing()

    def test_etag_that_matches(self):
        etag = self.put().get("ETag").replace('"', "&quot;")
        self.assertEqual(texts(self.result(document([self.key], extra=f"<ETag>{etag}</ETag>")),
                               "Deleted/Key"), [self.key])
        self.must_be_missing()

    def test_etag_that_does_not_match_is_an_error_of_its_key(self):
        self.put()
        other = f"{self.key}/other"
        self.put(key=other)
        body = document([self.key], extra=f"<ETag>{OTHER}</ETag>").replace(b"</Delete>", b"") + \
            f"<Object><Key>{other}</Key></Object></Delete>".encode()
        result = self.result(body)
        self.assertEqual(texts(result, "Error/Code"), ["PreconditionFailed"])
        self.assertEqual(texts(result, "Error/Key"), [self.key])
        self.assertTrue(all(texts(result, "Error/Message")))
        self.assertEqual(texts(result, "Deleted/Key"), [other])
        self.must_be(b"content")
        self.must_be_missing(other)

    def test_errors_are_told_though_quiet(self):
        self.put()
        result = self.result(document([self.key], "<Quiet>true</Quiet>", f"<ETag>{OTHER}</ETag>"))
        self.assertEqual([element.tag for element in result], ["Error"])

    def test_version_null(self):
        self.put()
        result = self.result(document([self.key], extra="<VersionId>null</VersionId>"))
        self.assertEqual(texts(result, "Deleted/VersionId"), ["null"])
        self.must_be_missing()

    def test_version_that_is_none_leaves_the_object(self):
        """It may be told as gone, as a missing key is, or as an error of its key."""
        self.put()
        result = self.result(document([self.key], extra=f"<VersionId>{'0' * 32}</VersionId>"))
        self.assertEqual(texts(result, "*/Key"), [self.key])
        self.assertIn(texts(result, "Error/Code"), ([], ["NoSuchVersion"]))
        self.must_be(b"content")

    def test_without_namespace_and_with_declaration(self):
        self.put()
        object_xml = f" <Object>\n  <Key>{self.key}</Key>\n </Object>\n"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Delete>\n{object_xml}</Delete>\n'
        self.result(body.encode())
        self.must_be_missing()

    def test_with_a_prefixed_namespace(self):
        self.put()
        body = f'<s:Delete xmlns:s="urn:x"><s:Object><s:Key>{self.key}</s:Key></s:Object></s:Delete>'
        self.result(body.encode())
        self.must_be_missing()

    def test_by_boto3(self):
        self.put()
        deleted = client().delete_objects(Bucket=self.bucket,
                                          Delete={"Objects": [{"Key": self.key}]})["Deleted"]
        self.assertEqual(deleted, [{"Key": self.key}])
        self.assertNotIn("Contents", client().list_objects_v2(Bucket=self.bucket, Prefix=self.key))
