"""Versioning: turning it on, the ids that writes answer, suspension, reading versions by their ids, delete markers."""
from . import crc
from .harness import (MISSING, OPAQUE_ETAG, QUOTED_ETAG, call, client, expect, http_date, make_bucket, md5,
                      new_bucket_name, parse_xml, pattern_bytes, query_of, quote, rows, tagging, texts)
from .topic_conditions import OTHER
from .topic_forms import FormCase
from .topic_multiparts import UploadCase
from .topic_patches import OLD
from .versions import (HTTP_DATE, MALFORMED_IDS, MARKER, PLAIN, OwnVersionCase, VersionCase, must_be_marker,
                       must_be_no_object, set_versioning, version_of, versioning_xml)


class Configuration(OwnVersionCase):
    def status(self):
        document = parse_xml(expect(self.of_bucket("GET", "versioning"), 200, {"Content-Type": "application/xml"}))
        self.assertEqual(document.tag, "VersioningConfiguration")
        return document.findtext("Status")

    def set(self, body, headers=None):
        return self.of_bucket("PUT", "versioning", body=body, headers=headers)

    def test_of_a_new_bucket_is_none(self):
        document = parse_xml(expect(self.of_bucket("GET", "versioning"), 200))
        self.assertEqual((document.tag, list(document)), ("VersioningConfiguration", []))

    @rows({"Enabled": ("Enabled",), "Suspended": ("Suspended",), "twice": ("Enabled", "Enabled"),
           "suspended": ("Enabled", "Suspended"), "resumed": ("Enabled", "Suspended", "Enabled"),
           "suspended twice": ("Enabled", "Suspended", "Suspended"), "suspended first": ("Suspended", "Enabled")})
    def test_is_kept(self, *statuses):
        for status in statuses:
            set_versioning(self.bucket, status)
            self.assertEqual(self.status(), status)

    @rows({"declaration": b'<?xml version="1.0" encoding="UTF-8"?>\n' + versioning_xml("Enabled"),
           "no namespace": b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
           "a prefix": b'<s:VersioningConfiguration xmlns:s="urn:s"><s:Status>Enabled</s:Status>'
                       b"</s:VersioningConfiguration>",
           "blanks": b"\n<VersioningConfiguration>\n  <Status>Enabled</Status>\n</VersioningConfiguration>\n",
           "MfaDelete disabled": versioning_xml("Enabled", "<MfaDelete>Disabled</MfaDelete>")})
    def test_may_be_written(self, body):
        expect(self.set(body), 200, body=b"")
        self.assertEqual(self.status(), "Enabled")

    @rows({"empty": b"", "no XML": b"Status=Enabled",
           "another document": b"<Versioning><Status>Enabled</Status></Versioning>",
           "no Status": b"<VersioningConfiguration/>", "empty Status": versioning_xml(""),
           "lower case": versioning_xml("enabled"), "Disabled": versioning_xml("Disabled"),
           "true": versioning_xml("true"),
           "cut short": versioning_xml("Suspended")[:-3],
           "an entity": b'<!DOCTYPE a [<!ENTITY e "Suspended">]>' + versioning_xml("&e;")})
    def test_is_malformed(self, body):
        self.enable()
        expect(self.set(body), 400, code="MalformedXML")
        self.assertEqual(self.status(), "Enabled")

    @rows({"alone": b"<VersioningConfiguration><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
           "with Suspended": versioning_xml("Suspended", "<MfaDelete>Enabled</MfaDelete>")})
    def test_mfa_is_not_served(self, body):
        self.enable()
        expect(self.set(body, {"x-amz-mfa": "serial 123456"}), 501, code="NotImplemented")
        self.assertEqual(self.status(), "Enabled")

    def test_wrong_md5(self):
        expect(self.set(versioning_xml("Enabled"), {"Content-MD5": md5(b"other")}), 400, code="BadDigest")
        self.assertIsNone(self.status())

    @rows({"GET": b"", "PUT": versioning_xml("Enabled")})
    def test_of_a_missing_bucket(self, body):
        expect(call("PUT" if body else "GET", f"/{MISSING}", query="versioning", body=body), 404, code="NoSuchBucket")

    def test_of_strangers_is_refused(self):
        answer = self.of_bucket("PUT", "versioning", body=versioning_xml("Enabled"), auth="none")
        expect(answer, 403, code="AccessDenied")
        self.assertIsNone(self.status())

    def test_does_not_outlive_its_bucket(self):
        bucket = new_bucket_name()
        for _ in range(2):
            expect(call("PUT", f"/{bucket}"), 200)
            expect(call("PUT", f"/{bucket}/key", body=b"x"), 200, PLAIN)
            set_versioning(bucket, "Enabled")
            expect(call("DELETE", f"/{bucket}/key", query="versionId=null"), 204)
            expect(call("DELETE", f"/{bucket}"), 204)

    def test_takes_effect_at_once(self):
        had = [("null", b"before")]
        expect(self.put(b"before"), 200, PLAIN)
        for turn in range(3):
            self.enable()
            had.insert(0, (self.put_version(b"enabled %d" % turn), b"enabled %d" % turn))
            self.suspend()
            expect(self.put(b"suspended %d" % turn), 200, {"x-amz-version-id": "null"})
            had = [("null", b"suspended %d" % turn)] + [one for one in had if one[0] != "null"]
        self.must_have(*had)

    def test_by_boto3(self):
        s3 = client()
        self.assertNotIn("Status", s3.get_bucket_versioning(Bucket=self.bucket))
        s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.assertEqual(s3.get_bucket_versioning(Bucket=self.bucket)["Status"], "Enabled")


class Writes(UploadCase, FormCase):
    """All that writes an object: each leaves `body` at self.key and gives the answer."""

    def by_put(self):
        return self.put(b"content"), b"content"

    def by_an_empty_put(self):
        return self.put(b""), b""

    def by_a_large_put(self):
        body = pattern_bytes((9 << 20) + 1)
        return self.put(body), body

    def by_a_presigned_put(self):
        return expect(self.send("PUT", body=b"content", auth="query"), 200), b"content"

    def by_form(self):
        return expect(self.post(self.form()), 204), b"content"

    def by_copy(self):
        self.put(b"content", "source")
        return expect(self.send("PUT", headers={"x-amz-copy-source": f"{self.bucket}/source"}), 200), b"content"

    def by_copy_from_elsewhere(self):
        bucket = make_bucket()
        self.addCleanup(call, "DELETE", f"/{bucket}")
        self.addCleanup(call, "DELETE", f"/{bucket}/source")
        expect(call("PUT", f"/{bucket}/source", body=b"content"), 200)
        return expect(self.send("PUT", headers={"x-amz-copy-source": f"{bucket}/source"}), 200), b"content"

    def by_upload(self):
        expect(self.send("POST", query="uploads"), 200, PLAIN)
        upload = self.create()
        part = expect(self.upload(upload, 1, b"content"), 200, PLAIN)
        return expect(self.complete(upload, [(1, part.get("ETag"))]), 200), b"content"

    def by_patch(self):
        self.put(OLD)
        answer = self.send("PATCH", headers={"Content-Range": "bytes 8-11/*"}, body=b"abcd")
        return expect(answer, 200, {"x-amz-object-size": "12", "ETag": OPAQUE_ETAG}), b"01234567abcd"

    def by_patch_of_the_size(self):
        self.put(OLD)
        answer = self.send("PATCH", headers={"Content-Range": "bytes */4"})
        return expect(answer, 200, {"x-amz-object-size": "4"}), OLD[:4]

    def by_a_patch_that_makes_it(self):
        headers = {"Content-Range": "bytes 0-2/*", "If-None-Match": "*"}
        return expect(self.send("PATCH", headers=headers, body=b"abc"), 200), b"abc"

    def by_append(self):
        self.put(OLD)
        return expect(self.send("PUT", headers={"x-amz-write-offset-bytes": "10"}, body=b"abc"), 200,
                      {"x-amz-object-size": "13"}), OLD + b"abc"

    def by_an_append_that_makes_it(self):
        return expect(self.send("PUT", headers={"x-amz-write-offset-bytes": "0"}, body=b"abc"), 200), b"abc"


KINDS = {name.replace("_", " "): name for name in vars(Writes) if name.startswith("by_")}


class Enabled(VersionCase, Writes):
    @rows(KINDS)
    def test_a_version_is_made(self, kind):
        answer, body = getattr(self, kind)()
        version = version_of(answer)
        expect(answer, answer.status, {"x-amz-delete-marker": None})
        self.must_be_current(((version, body),))
        self.must_be_version(version, body)
        self.assertEqual(self.listed()[0].id, version)

    def test_ids_are_never_the_same(self):
        ids = [self.put_version() for _ in range(20)] + [self.add_marker() for _ in range(20)]
        self.assertEqual(len(set(ids)), 40)
        self.assertEqual([entry.id for entry in self.listed()], ids[::-1])

    def test_refused_writes_make_none(self):
        version = self.put_version(b"old")
        expect(self.send("PUT", body=b"new", headers={"Content-MD5": md5(b"other")}), 400, code="BadDigest")
        expect(self.send("PUT", body=b"new", headers={"If-Match": OTHER}), 412, code="PreconditionFailed")
        expect(self.send("PUT", body=b"new", headers={"Content-Range": "bytes 0-2/*"}), 400, code="InvalidRequest")
        expect(self.send("PUT", body=b"new", payload="0" * 64), 400, code="XAmzContentSHA256Mismatch")
        expect(self.send("PATCH", body=b"new", headers={"Content-Range": "bytes 4-6/*"}), 416, code="InvalidRange")
        expect(self.send("PUT", body=b"new", headers={"x-amz-write-offset-bytes": "2"}), 400, code="InvalidWriteOffset")
        self.must_have((version, b"old"))

    def test_put_does_not_take_an_id(self):
        version = self.put_version(b"old")
        expect(self.send("PUT", query=self.query(version), body=b"new"), 400, code="InvalidArgument")
        self.must_have((version, b"old"))

    def test_by_boto3(self):
        s3, where = client(), {"Bucket": self.bucket, "Key": self.key}
        ids = [s3.put_object(**where, Body=body)["VersionId"] for body in (b"1", b"2")]
        self.assertEqual(s3.get_object(**where, VersionId=ids[0])["Body"].read(), b"1")
        self.assertEqual(s3.get_object(**where)["VersionId"], ids[1])
        gone = s3.delete_object(**where)
        self.assertTrue(gone["DeleteMarker"])
        with self.assertRaises(s3.exceptions.NoSuchKey):
            s3.get_object(**where)
        with self.assertRaises(s3.exceptions.ClientError) as refused:
            s3.get_object(**where, VersionId=gone["VersionId"])
        self.assertEqual(refused.exception.response["Error"]["Code"], "MethodNotAllowed")
        s3.delete_object(**where, VersionId=gone["VersionId"])
        self.assertEqual(s3.head_object(**where)["VersionId"], ids[1])
        self.must_have((ids[1], b"2"), (ids[0], b"1"))


class Never(VersionCase, Writes):
    STATUS = ""

    @rows(KINDS)
    def test_no_id_is_told(self, kind):
        answer, body = getattr(self, kind)()
        expect(answer, answer.status, PLAIN)
        self.must_have(("null", body), shown=False)

    def test_delete_leaves_nothing(self):
        self.put()
        expect(self.delete(), 204, PLAIN)
        self.must_have()

    def test_delete_of_null_leaves_nothing(self):
        self.put()
        expect(self.delete_version("null"), 204, {"x-amz-delete-marker": None})
        self.must_have()


class Suspended(VersionCase, Writes):
    STATUS = "Suspended"

    @rows(KINDS)
    def test_the_version_is_null(self, kind):
        answer, body = getattr(self, kind)()
        expect(answer, answer.status, {"x-amz-version-id": "null", "x-amz-delete-marker": None})
        self.must_have(("null", body))

    @rows(KINDS)
    def test_what_was_null_is_replaced(self, kind):
        if kind in ("by_a_patch_that_makes_it", "by_an_append_that_makes_it"):
            expect(self.delete(), 204, {"x-amz-version-id": "null", "x-amz-delete-marker": "true"})
            self.must_have(("null", MARKER))
        else:
            expect(self.put(b"before"), 200, {"x-amz-version-id": "null"})
        answer, body = getattr(self, kind)()
        expect(answer, answer.status, {"x-amz-version-id": "null"})
        self.must_have(("null", body))

    def test_delete_puts_a_null_marker(self):
        for _ in range(2):
            self.put()
            expect(self.delete(), 204, {"x-amz-version-id": "null", "x-amz-delete-marker": "true"})
            self.must_have(("null", MARKER))

    def test_delete_of_nothing_puts_one_as_well(self):
        for _ in range(2):
            expect(self.delete(), 204, {"x-amz-version-id": "null", "x-amz-delete-marker": "true"})
        self.must_have(("null", MARKER))

    def test_put_over_a_marker(self):
        expect(self.delete(), 204)
        expect(self.put(b"new"), 200, {"x-amz-version-id": "null"})
        self.must_have(("null", b"new"))

    @rows({"an object": False, "a marker": True})
    def test_null_is_deleted_for_good(self, marker):
        self.put()
        if marker:
            expect(self.delete(), 204)
        self.drop("null", marker=marker)
        self.must_have()


class Mixed(OwnVersionCase):
    """Null among versions that have ids."""

    def test_objects_of_before_are_null(self):
        self.put(b"before", headers={"x-amz-meta-a": "b", "x-amz-tagging": "t=1"})
        self.enable()
        self.must_have(("null", b"before"))
        expect(self.get_version("null"), 200, {"x-amz-meta-a": "b", "x-amz-tagging-count": "1"})
        versions = self.put_some(b"1", b"2")
        self.must_have(*versions, ("null", b"before"))

    def test_suspended_put_replaces_only_null(self):
        self.put(b"before")
        self.enable()
        versions = self.put_some(b"1", b"2")
        self.suspend()
        expect(self.put(b"after"), 200, {"x-amz-version-id": "null"})
        self.must_have(("null", b"after"), *versions)
        expect(self.put(b"again"), 200, {"x-amz-version-id": "null"})
        self.must_have(("null", b"again"), *versions)

    def test_suspended_delete_replaces_only_null(self):
        self.put(b"before")
        self.enable()
        versions = self.put_some(b"1", b"2")
        self.suspend()
        expect(self.delete(), 204, {"x-amz-version-id": "null", "x-amz-delete-marker": "true"})
        self.must_have(("null", MARKER), *versions)

    def test_suspending_changes_no_object(self):
        self.enable()
        versions = self.put_some(b"1", b"2")
        self.suspend()
        self.must_have(*versions)

    def test_null_stays_when_it_is_resumed(self):
        self.suspend()
        expect(self.delete(), 204)
        self.enable()
        versions = self.put_some(b"1")
        self.must_have(*versions, ("null", MARKER))
        marker = self.add_marker()
        self.must_have((marker, MARKER), *versions, ("null", MARKER))

    @rows({"current": True, "old": False})
    def test_null_is_deleted_for_good(self, current):
        self.enable()
        versions = self.put_some(b"1", b"2")
        self.suspend()
        self.put(b"null")
        if not current:
            self.enable()
            versions = self.put_some(b"3") + versions
        self.drop("null")
        self.must_have(*versions)
        expect(self.get_version("null"), 404, code="NoSuchVersion")

    def test_versions_are_deleted_while_suspended(self):
        self.enable()
        versions = self.put_some(b"1", b"2")
        self.suspend()
        self.drop(versions[0][0])
        self.must_have(versions[1])

    def test_of_a_key_with_null_as_its_name(self):
        self.enable()
        versions = self.put_some(b"1", b"2", key="null")
        self.must_have(*versions, key="null")


class Reading(VersionCase):
    def setUp(self):
        super().setUp()
        self.had = []
        for number in range(3):
            headers = {"Content-Type": f"text/{number}", "x-amz-meta-number": str(number),
                       "x-amz-tagging": "&".join(f"t{n}=v" for n in range(number)),
                       "Cache-Control": f"max-age={number}"}
            body = b"version %d" % number * (number + 1)
            self.had.insert(0, (self.put_version(body, headers=headers), body))

    def test_all_are_there(self):
        self.must_have(*self.had)

    @rows({"oldest": 0, "middle": 1, "newest": 2})
    def test_each_has_what_it_was_put_with(self, number):
        version, body = self.had[2 - number]
        headers = {"Content-Type": f"text/{number}", "x-amz-meta-number": str(number), "x-amz-version-id": version,
                   "x-amz-tagging-count": str(number) if number else None, "Cache-Control": f"max-age={number}",
                   "ETag": QUOTED_ETAG, "Last-Modified": HTTP_DATE}
        expect(self.get_version(version), 200, headers, body=body)
        expect(self.head_version(version), 200, headers)
        tags = parse_xml(expect(self.get(query=self.query(version, "tagging")), 200, {"x-amz-version-id": version}))
        self.assertEqual(texts(tags, "TagSet/Tag/Key"), [f"t{n}" for n in range(number)])

    @rows({"first": ("bytes=0-2", 0, 3), "suffix": ("bytes=-4", 14, 18), "open": ("bytes=9-", 9, 18)})
    def test_ranges(self, header, lo, hi):
        version, body = self.had[1]
        for send in (self.get_version, self.head_version):
            expect(send(version, headers={"Range": header}), 206,
                   {"x-amz-version-id": version, "Content-Range": f"bytes {lo}-{hi - 1}/18"},
                   body=body[lo:hi] if send == self.get_version else b"")

    def test_range_beyond_this_version_though_not_the_newest(self):
        expect(self.get_version(self.had[2][0], headers={"Range": "bytes=9-"}), 416, {"Content-Range": "bytes */9"},
               code="InvalidRange")

    def test_part_number(self):
        version, body = self.had[1]
        expect(self.get(query=self.query(version, "partNumber=1")), 206, {"x-amz-version-id": version}, body=body)

    @rows({"If-Match of it": ("If-Match", 1, 200), "If-Match of the newest": ("If-Match", 0, 412),
           "If-None-Match of it": ("If-None-Match", 1, 304), "If-None-Match of the newest": ("If-None-Match", 0, 200)})
    def test_conditions_are_about_this_version(self, name, which, status):
        etag = self.head_version(self.had[which][0]).get("ETag")
        answer = self.get_version(self.had[1][0], headers={name: etag})
        if status == 200:
            expect(answer, 200, {"x-amz-version-id": self.had[1][0]}, body=self.had[1][1])
        else:
            expect(answer, status, code="PreconditionFailed" if status == 412 else None)

    @rows({"modified since": ("If-Modified-Since", 304), "unmodified since": ("If-Unmodified-Since", 200)})
    def test_dates_are_about_this_version(self, name, status):
        date = self.head_version(self.had[1][0]).get("Last-Modified")
        expect(self.get_version(self.had[1][0], headers={name: date}), status, {"Last-Modified": date})

    def test_checksum(self):
        version, body = self.had[2]
        expect(self.get_version(version, headers={"x-amz-checksum-mode": "ENABLED"}), 200,
               {crc.header("CRC64NVME"): crc.checksum("CRC64NVME", body)})

    @rows({"by id": True, "of the newest": False})
    def test_attributes(self, by_id):
        version, body = self.had[2 if by_id else 0]
        answer = self.get(query=self.query(version, "attributes") if by_id else "attributes",
                          headers={"x-amz-object-attributes": "ETag,ObjectSize"})
        document = parse_xml(expect(answer, 200, {"x-amz-version-id": version, "Last-Modified": HTTP_DATE}))
        self.assertEqual(document.findtext("ObjectSize"), str(len(body)))
        self.assertEqual(document.findtext("ETag"), self.head_version(version).get("ETag").strip('"'))

    @rows({"GET": "GET", "HEAD": "HEAD"})
    def test_presigned(self, method):
        version, body = self.had[2]
        expect(self.send(method, query=self.query(version), auth="query"), 200, {"x-amz-version-id": version},
               body=body if method == "GET" else b"")

    def test_overrides(self):
        version, body = self.had[2]
        expect(self.get(query=self.query(version, "response-content-type=a%2Fb")), 200,
               {"Content-Type": "a/b", "x-amz-version-id": version}, body=body)

    def test_acl(self):
        expect(self.get(query=self.query(self.had[2][0], "acl")), 200, {"Content-Type": "application/xml"})

    def test_last_modified_is_when_it_was_put(self):
        date = self.head_version(self.had[1][0]).get("Last-Modified")
        expect(self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"V"), 200)
        self.assertIn(date, [http_date(second) for second in range(-20, 6)])
        expect(self.head_version(self.had[1][0]), 200, {"Last-Modified": date})


UPLOAD_ID = "upload"  # filled in
# what -> method, query, headers, body of a request about a version; a copy names it in its header
OF_A_VERSION = {
    "GET": ("GET", "", {}, b""), "HEAD": ("HEAD", "", {}, b""), "range": ("GET", "", {"Range": "bytes=0-0"}, b""),
    "attributes": ("GET", "attributes", {"x-amz-object-attributes": "ETag"}, b""),
    "GET tagging": ("GET", "tagging", {}, b""), "PUT tagging": ("PUT", "tagging", {}, tagging({"a": "b"})),
    "DELETE tagging": ("DELETE", "tagging", {}, b""), "acl": ("GET", "acl", {}, b""),
    "PATCH": ("PATCH", "", {"Content-Range": "bytes 0-0/*"}, b"C"),
    "append": ("PUT", "", {"x-amz-write-offset-bytes": "7"}, b"C"),
    "copy": ("PUT", "", {}, b""), "copy of a part": ("PUT", UPLOAD_ID, {}, b"")}


class About(VersionCase, UploadCase):
    """Requests about versions that are not there, cannot be, or are markers."""

    def ask(self, what, version, key=None):
        """`version` may be None: of the newest."""
        method, query, headers, body = OF_A_VERSION[what]
        name = self.key if key is None else key
        of_version = "" if version is None else query_of({"versionId": version})
        if not what.startswith("copy"):
            return self.send(method, key, query="&".join(filter(None, (query, of_version))), headers=headers, body=body)
        source = f"{self.bucket}/{quote(name)}" + ("?" + of_version if of_version else "")
        target = "target of " + name[:150]
        if query:
            query = query_of({"partNumber": 1, "uploadId": self.create(target)})
        return self.send("PUT", target, query=query, headers={"x-amz-copy-source": source})

    @rows({f"{what} of {which}": (what, which) for what in OF_A_VERSION for which in ("another key", "one deleted")})
    def test_version_is_not_there(self, what, which):
        gone = self.put_version(b"gone", None if which == "one deleted" else "another key")
        if which == "one deleted":
            self.drop(gone)
        version = self.put_version()
        expect(self.ask(what, gone), 404, {"x-amz-delete-marker": None}, code="NoSuchVersion")
        self.must_have((version, b"content"))

    @rows({what: what for what in OF_A_VERSION})
    def test_null_is_not_there(self, what):
        version = self.put_version()
        expect(self.ask(what, "null"), 404, code="NoSuchVersion")
        self.must_have((version, b"content"))

    @rows({what: what for what in ("GET", "HEAD", "GET tagging", "PATCH", "copy")})
    def test_key_is_not_there(self, what):
        expect(self.ask(what, self.put_version(key="another key")), 404, code="NoSuchVersion")
        self.must_have()

    @rows({f"{what}, {name}": (what, bad) for what in ("GET", "HEAD", "GET tagging", "copy")
           for name, bad in MALFORMED_IDS.items() if bad or what != "copy"}
          | {f"{what}, marks": (what, "!$*") for what in OF_A_VERSION})
    def test_id_is_malformed(self, what, bad):
        version = self.put_version()
        expect(self.ask(what, bad), 400, {"x-amz-version-id": None}, code="InvalidArgument")
        self.must_have((version, b"content"))

    @rows({name: bad for name, bad in MALFORMED_IDS.items()})
    def test_id_to_delete_is_malformed(self, bad):
        version = self.put_version()
        expect(self.delete_version(bad), 400, code="InvalidArgument")
        self.must_have((version, b"content"))

    def marked(self):
        version = self.put_version()
        marker = self.add_marker()
        return marker, ((marker, MARKER), (version, b"content"))

    @rows({what: what for what in ("GET", "HEAD", "range", "attributes")})
    def test_newest_is_a_marker_and_read(self, what):
        marker, had = self.marked()
        must_be_marker(self.ask(what, None), marker)
        self.must_have(*had)

    @rows({f"GET with {name}": (name, value) for name, value in
           (("If-Match", "*"), ("If-None-Match", "*"), ("If-None-Match ", OTHER),
            ("If-Modified-Since", http_date(-100)))})
    def test_newest_is_a_marker_and_read_under_a_condition(self, name, value):
        marker, had = self.marked()
        must_be_marker(self.get(headers={name.strip(): value}), marker)
        self.must_have(*had)

    @rows({what: what for what in ("GET tagging", "PUT tagging", "DELETE tagging", "acl", "PATCH", "copy",
                                   "copy of a part")})
    def test_newest_is_a_marker(self, what):
        _, had = self.marked()
        expect(self.ask(what, None), 404, code="NoSuchKey")
        self.must_have(*had)

    def test_newest_is_a_marker_and_appended_to(self):
        _, had = self.marked()
        answer = self.ask("append", None)
        code = {400: "InvalidWriteOffset", 404: "NoSuchKey"}.get(answer.status, "a refusal")
        expect(answer, answer.status, code=code)
        self.must_have(*had)

    @rows({what: what for what in ("GET", "HEAD", "range")})
    def test_marker_is_read_by_its_id(self, what):
        marker, had = self.marked()
        must_be_no_object(self.ask(what, marker))
        self.must_have(*had)

    @rows({what: what for what in ("attributes", "GET tagging", "PUT tagging", "DELETE tagging", "acl", "PATCH",
                                   "append")})
    def test_marker_by_its_id(self, what):
        marker, had = self.marked()
        expect(self.ask(what, marker), 405, code="MethodNotAllowed")
        self.must_have(*had)

    @rows({what: what for what in ("copy", "copy of a part")})
    def test_marker_is_no_source(self, what):
        marker, had = self.marked()
        expect(self.ask(what, marker), 400, code="InvalidRequest")
        self.must_have(*had)

    def test_old_marker_by_its_id(self):
        marker, had = self.marked()
        version = self.put_version(b"new")
        must_be_no_object(self.get_version(marker))
        self.must_have((version, b"new"), *had)
