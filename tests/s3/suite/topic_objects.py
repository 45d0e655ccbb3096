"""Objects as a whole: PUT, GET, HEAD, what is stored beside the bytes, attributes, rename."""
import concurrent.futures
import hashlib
import re

from .harness import BucketCase, at_once, client, expect, http_date, parse_xml, pattern_bytes, quote, rows

MIB = 1 << 20


class Bytes(BucketCase):
    @rows({str(size): size for size in (0, 1, 2, 255, 4095, 4096, 4097, 65_535, 65_536, 65_537, MIB - 1, MIB,
                                        MIB + 1,
                                        4 * MIB, 8 * MIB + 1)})
    def test_come_back(self, size):
        body = pattern_bytes(size)
        put = self.put(body)
        headers = {"ETag": put.get("ETag"), "Content-Length": str(size), "Accept-Ranges": "bytes"}
        expect(self.get(), 200, headers, body=body)
        expect(self.head(), 200, headers)

    def test_of_20_mib_come_back(self):
        body = pattern_bytes(20 * MIB)
        self.put(body)
        self.must_be(body)
        expect(self.get(headers={"Range": f"bytes={15 * MIB}-{15 * MIB + 99}"}), 206,
               body=body[15 * MIB:15 * MIB + 100])

    @rows({"zeros": b"\0" * 70_000, "line ends": b"\r\n" * 1000, "like a chunk": b"5\r\nhello\r\n0\r\n\r\n",
           "like an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "all bytes": bytes(range(256))})
    def test_mean_nothing(self, body):
        self.put(body)
        self.must_be(body)

    @rows({"longer": (b"old", b"a longer one"), "shorter": (b"an old one", b"new"), "empty": (b"old", b""),
           "of empty": (b"", b"new"), "alike": (b"same", b"same"),
           "large by small": (pattern_bytes(3 * MIB), b"x")})
    def test_are_replaced_as_a_whole(self, old, new):
        self.put(old)
        self.put(new)
        self.must_be(new)

    def test_replaced_by_a_put_that_races_are_of_one_of_them(self):
        bodies = [pattern_bytes(200_000 + seed, seed) for seed in range(8)]
        etags = [answer.get("ETag") for answer in at_once(self.put, bodies)]
        got = expect(self.get(), 200)
        self.assertIn(got.body, bodies)
        self.assertEqual(got.get("ETag"), etags[bodies.index(got.body)])

    def test_read_while_they_are_replaced_are_of_one_put(self):
        bodies = [bytes([65 + turn]) * (300_000 + turn) for turn in range(12)]
        self.put(bodies[0])
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            writer = pool.submit(lambda: [self.put(body) for body in bodies])
            seen = [answer for _ in range(4) for answer in pool.map(lambda _: self.get(), range(3))]
            writer.result()
        for answer in seen:
            self.assertIn(expect(answer, 200).body, bodies)
        self.must_be(bodies[-1])


class Etags(BucketCase):
    def test_is_the_md5_or_opaque_with_a_dash(self):
        etag = self.put(b"content").get("ETag")
        if not re.fullmatch(r'"[0-9a-f]{32}-0"', etag):
            self.assertEqual(etag, f'"{hashlib.md5(b"content").hexdigest()}"')

    def test_changes_with_the_content(self):
        self.assertNotEqual(self.put(b"one").get("ETag"), self.put(b"two").get("ETag"))

    def test_is_the_same_wherever_it_is_told(self):
        etag = self.put().get("ETag")
        expect(self.get(), 200, {"ETag": etag})
        expect(self.head(), 200, {"ETag": etag})
        expect(self.get(headers={"Range": "bytes=0-0"}), 206, {"ETag": etag})
        listed = client().list_objects_v2(Bucket=self.bucket, Prefix=self.key)["Contents"][0]["ETag"]
        self.assertEqual(listed, etag)
        document = parse_xml(expect(self.get(query="attributes", headers={"x-amz-object-attributes": "ETag"}),
                                    200))
        self.assertEqual(document.findtext("ETag"), etag.strip('"'))

    def test_stays_while_nobody_writes(self):
        etag = self.put().get("ETag")
        expect(self.send("PUT", query="tagging", body=b"<Tagging><TagSet/></Tagging>"), 200)
        expect(self.head(), 200, {"ETag": etag})


class Missing(BucketCase):
    @rows({"GET": ("GET", ""), "GET attributes": ("GET", "attributes"), "GET acl": ("GET", "acl"),
           "GET tagging": ("GET", "tagging"), "DELETE tagging": ("DELETE", "tagging"), "HEAD": ("HEAD", "")})
    def test_is_not_found(self, method, query):
        answer = self.send(method, query=query, headers={"x-amz-object-attributes": "ETag"})
        expect(answer, 404, code="NoSuchKey")

    def test_range_of_it_is_not_found(self):
        expect(self.get(headers={"Range": "bytes=0-0"}), 404, code="NoSuchKey")

    def test_part_of_a_name_is_not_found(self):
        self.put(key="a/b/c")
        for key in ("a", "a/", "a/b", "a/b/", "a/b/c/", "a/b/cc"):
            self.must_be_missing(key)

    def test_version_is_not_found(self):
        self.put()
        expect(self.get(query="versionId=" + "0" * 32), 404, code="NoSuchVersion")
        expect(self.head(query="versionId=" + "0" * 32), 404, code="NoSuchVersion")

    def test_version_that_is_none_is_not_deleted(self):
        self.put()
        answer = self.send("DELETE", query="versionId=" + "0" * 32)
        self.assertIn(answer.status, (204, 404))
        expect(answer, answer.status, code={204: None, 404: "NoSuchVersion"}[answer.status])
        self.must_be(b"content")

    def test_version_null_is_the_object(self):
        self.put()
        expect(self.get(query="versionId=null"), 200, body=b"content")
        expect(self.head(query="versionId=null"), 200)
        expect(self.send("DELETE", query="versionId=null"), 204)
        self.must_be_missing()


STORED = {
    "Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip", "Content-Language": "de, en",
    "Content-Disposition": "attachment; filename=\"a b.txt\"; filename*=UTF-8''%e2%82%ac.txt",
    "Cache-Control": "max-age=60, must-revalidate", "Expires": "Thu, 01 Dec 2033 16:00:00 GMT",
}


class StoredHeaders(BucketCase):
    @rows({name: (name, value) for name, value in STORED.items()})
    def test_comes_back(self, name, value):
        self.put(headers={name: value})
        expect(self.get(), 200, {name: value})
        expect(self.head(), 200, {name: value})
        expect(self.get(headers={"Range": "bytes=0-0"}), 206, {name: value})

    def test_all_come_back_at_once(self):
        self.put(headers=STORED | {"x-amz-meta-a": "b"})
        expect(self.head(), 200, STORED | {"x-amz-meta-a": "b"})

    def test_none_are_none(self):
        self.put()
        expect(self.head(), 200, dict.fromkeys(STORED) | {"Content-Type": "binary/octet-stream"})

    def test_expires_need_not_be_a_date(self):
        self.put(headers={"Expires": "0"})
        expect(self.head(), 200, {"Expires": "0"})

    @rows({"PUT": "PUT", "DELETE and PUT": "DELETE"})
    def test_do_not_outlive_the_object(self, how):
        self.put(headers=STORED | {"x-amz-meta-a": "b", "x-amz-tagging": "a=b"})
        if how == "DELETE":
            expect(self.send("DELETE"), 204)
        self.put()
        none = dict.fromkeys(STORED) | {"Content-Type": "binary/octet-stream", "x-amz-meta-a": None}
        expect(self.head(), 200, none | {"x-amz-tagging-count": None})

    @rows({"plain": "v", "empty": "", "blanks inside": "a  b", "punctuation": "a;b,c=d:e\"f'\\",
           "long": "v" * 2000,
           "encoded word": "=?UTF-8?B?w6k=?="})
    def test_metadata_value_comes_back(self, value):
        self.put(headers={"x-amz-meta-name": value})
        expect(self.get(), 200, {"x-amz-meta-name": value})
        expect(self.head(), 200, {"x-amz-meta-name": value})

    @rows({"upper case": ("X-Amz-Meta-NaMe", "x-amz-meta-name"),
           "hyphens": ("x-amz-meta--a--", "x-amz-meta--a--"),
           "dots": ("x-amz-meta-a.b", "x-amz-meta-a.b"), "underscore": ("x-amz-meta-a_b", "x-amz-meta-a_b"),
           "like a header": ("x-amz-meta-content-type", "x-amz-meta-content-type")})
    def test_metadata_name_is_lower_case(self, sent, stored):
        self.put(headers={sent: "v"})
        names = [name for name, _ in expect(self.head(),
                                            200).headers if name.lower().startswith("x-amz-meta-")]
        self.assertEqual(names, [stored])

    def test_metadata_repeated_is_joined(self):
        expect(self.send("PUT", headers=[("x-amz-meta-a", "1"), ("x-amz-meta-a", "2")]), 200)
        expect(self.head(), 200, {"x-amz-meta-a": re.compile("1, ?2")})

    def test_metadata_blanks_around_are_none(self):
        self.put(headers={"x-amz-meta-a": "  v\t"})
        expect(self.head(), 200, {"x-amz-meta-a": "v"})

    def test_metadata_of_2_kib_comes_back(self):
        headers = {f"x-amz-meta-{i:04}": "v" * 124 for i in range(16)}
        self.put(headers=headers)
        expect(self.head(), 200, headers)

    @rows({"in one": {"x-amz-meta-a": "v" * 2048}, "in its name": {"x-amz-meta-" + "n" * 2048: "v"},
           "in many": {f"x-amz-meta-{i:04}": "v" * (124 + (i == 0)) for i in range(16)}})
    def test_metadata_above_2_kib_is_refused(self, headers):
        expect(self.send("PUT", body=b"x", headers=headers), 400, code="MetadataTooLarge")
        self.must_be_missing()

    def test_last_modified_is_now(self):
        self.put()
        told = expect(self.head(), 200).get("Last-Modified")
        self.assertIn(told, [http_date(seconds) for seconds in range(-5, 6)])

    @rows({acl: acl for acl in ("private", "bucket-owner-full-control")})
    def test_acl_of_the_owner_is_taken(self, acl):
        self.put(headers={"x-amz-acl": acl})
        expect(self.send("PUT", query="acl", headers={"x-amz-acl": acl}), 200)

    @rows({acl: {"x-amz-acl": acl} for acl in ("public-read", "public-read-write", "authenticated-read",
                                               "no-such-acl")}
          | {f"grant {grant}": {"x-amz-grant-" + grant: 'id="abc"'}
             for grant in ("read", "write", "read-acp", "write-acp", "full-control")})
    def test_acl_of_others_is_refused(self, headers):
        expect(self.send("PUT", body=b"x", headers=headers), 400, code="AccessControlListNotSupported")
        self.must_be_missing()

    def test_acl_of_others_is_refused_afterwards(self):
        self.put()
        expect(self.send("PUT", query="acl", headers={"x-amz-acl": "public-read"}), 400,
               code="AccessControlListNotSupported")

    def test_storage_class_standard_is_taken(self):
        self.put(headers={"x-amz-storage-class": "STANDARD"})
        expect(self.head(), 200, {"x-amz-storage-class": None})


class Overrides(BucketCase):
    OVERRIDES = {"content-type": "text/x-other", "content-language": "fr",
                 "expires": "Fri, 02 Jan 2032 03:04:05 GMT",
                 "cache-control": "no-store", "content-encoding": "br",
                 "content-disposition": "inline; filename=x"}

    @rows({f"{name} {auth}": (name, value, auth) for name,
           value in OVERRIDES.items() for auth in ("header", "query")})
    def test_of_a_signed_request_are_taken(self, name, value, auth):
        self.put(headers=STORED)
        query = {"response-" + name: value}
        expect(self.get(query=query, auth=auth), 200, STORED | {_title(name): value}, body=b"content")
        expect(self.head(query=query, auth=auth), 200, STORED | {_title(name): value})
        expect(self.head(), 200, STORED)

    def test_work_with_ranges(self):
        self.put()
        answer = self.get(query="response-content-type=a%2Fb", headers={"Range": "bytes=1-2"})
        expect(answer, 206, {"Content-Type": "a/b"}, body=b"on")

    def test_cannot_split_the_answer(self):
        self.put()
        answer = self.get(query="response-content-type=a%0D%0AX-Evil%3A%201")
        self.assertIsNone(answer.get("X-Evil"))
        self.assertIn(answer.status, (200, 400))


def _title(name: str) -> str:
    return "-".join(word.capitalize() for word in name.split("-"))


class Attributes(BucketCase):
    def attributes(self, asked):
        return parse_xml(expect(self.get(query="attributes", headers={"x-amz-object-attributes": asked}), 200,
                                {"Last-Modified": re.compile(".+ GMT"), "Content-Type": "application/xml"}))

    @rows({"ETag": ("ETag", ["ETag"]), "ObjectSize": ("ObjectSize", ["ObjectSize"]),
           "StorageClass": ("StorageClass", ["StorageClass"]), "Checksum": ("Checksum", ["Checksum"]),
           "ObjectParts of one in one piece": ("ObjectParts", []),
           "all": ("ETag,Checksum,ObjectParts,StorageClass,ObjectSize",
                   ["ETag", "Checksum", "StorageClass", "ObjectSize"]),
           "with blanks": ("ObjectSize , ETag", ["ETag", "ObjectSize"])})
    def test_are_those_asked_for(self, asked, elements):
        etag = self.put(b"12345").get("ETag")
        document = self.attributes(asked)
        self.assertEqual([element.tag for element in document], elements)
        known = {"ETag": etag.strip('"'), "ObjectSize": "5", "StorageClass": "STANDARD"}
        for name in set(elements) & set(known):
            self.assertEqual(document.findtext(name), known[name])

    @rows({"unknown": {"x-amz-object-attributes": "Colour"},
           "of another case": {"x-amz-object-attributes": "etag"},
           "not said": {}, "empty": {"x-amz-object-attributes": ""}})
    def test_are_refused(self, headers):
        self.put()
        expect(self.get(query="attributes", headers=headers), 400, code="InvalidArgument")

    def test_acl_is_the_owner_s(self):
        self.put()
        document = parse_xml(expect(self.get(query="acl"), 200))
        self.assertEqual(document.findtext("AccessControlList/Grant/Permission"), "FULL_CONTROL")


class Rename(BucketCase):
    def setUp(self):
        super().setUp()
        self.source = self.key + "/from"
        self.put(b"content", self.source, {"x-amz-meta-a": "b", "x-amz-tagging": "a=b"})

    def rename(self, source=None, headers=None, key=None):
        source = self.source if source is None else source
        return self.send("PUT", key, query="renameObject",
                         headers={"x-amz-rename-source": quote(source), **(headers or {})})

    def test_moves_all_of_it(self):
        etag = expect(self.head(self.source), 200).get("ETag")
        expect(self.rename(), 200)
        expect(self.get(), 200, {"x-amz-meta-a": "b", "x-amz-tagging-count": "1", "ETag": etag},
               body=b"content")
        self.must_be_missing(self.source)

    def test_replaces_what_was_there(self):
        self.put(b"old")
        expect(self.rename(), 200)
        self.must_be(b"content")

    def test_does_not_replace_on_a_condition(self):
        self.put(b"old")
        expect(self.rename(headers={"If-None-Match": "*"}), 412, code="PreconditionFailed")
        self.must_be(b"old")
        self.must_be(b"content", self.source)

    def test_on_a_condition_that_holds(self):
        expect(self.rename(headers={"If-None-Match": "*"}), 200)
        self.must_be(b"content")

    def test_of_a_missing_one(self):
        expect(self.rename(self.key + "/nothing"), 404, code="NoSuchKey")
        self.must_be_missing()

    @rows({"slash first": "/{bucket}/{key}", "bucket first": "{bucket}/{key}"})
    def test_source_may_name_the_bucket(self, source):
        expect(self.rename(source.format(bucket=self.bucket, key=self.source)), 200)
        self.must_be(b"content")

    def test_back_and_forth(self):
        expect(self.rename(), 200)
        expect(self.rename(self.key, key=self.source), 200)
        self.must_be(b"content", self.source)
        self.must_be_missing()

    @rows({"bad escape": "%zz", "empty": ""})
    def test_source_is_none(self, source):
        answer = self.send("PUT", query="renameObject", headers={"x-amz-rename-source": source})
        expect(answer, 400, code="InvalidArgument")


class Misread(BucketCase):
    """Requests that look like a PUT of a whole object, and would destroy the rest of one."""

    @rows({"a range": "bytes 0-2/*", "a range with size": "bytes 0-2/7", "a size": "bytes */3",
           "rubbish": "x"})
    def test_put_with_content_range(self, value):
        self.put()
        expect(self.send("PUT", headers={"Content-Range": value}, body=b"new"), 400, code="InvalidRequest")
        self.must_be(b"content")

    def test_put_with_content_range_makes_nothing(self):
        expect(self.send("PUT", headers={"Content-Range": "bytes 0-2/*"}, body=b"new"), 400,
               code="InvalidRequest")
        self.must_be_missing()

    @rows({"POST": "POST", "FOO": "FOO", "TRACE": "TRACE", "LINK": "LINK"})
    def test_other_methods(self, method):
        self.put()
        answer = self.send(method)
        self.assertIn(answer.status, (405, 501))
        expect(answer, answer.status, code={405: "MethodNotAllowed", 501: "NotImplemented"}[answer.status])
        self.must_be(b"content")
