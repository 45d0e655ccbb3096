"""Writes in versioned buckets: PATCH and append, which make versions by reference, copies, uploads, tags."""
from .harness import (OPAQUE_ETAG, QUOTED_ETAG, at_once, call, client, drop_bucket, expect, make_bucket, parse_xml,
                      pattern_bytes, query_of, quote, rows, tagging)
from .topic_conditions import OTHER
from .topic_multiparts import LEAST, UploadCase
from .topic_patches import OLD, applied
from .topic_tags import tags_of
from .versions import MARKER, PLAIN, OwnVersionCase, Patching, VersionCase, version_of

WITH = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-amz-meta-a": "b", "x-amz-tagging": "t=1"}
SHOWN = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-amz-meta-a": "b", "x-amz-tagging-count": "1"}


class Patches(Patching, VersionCase):
    @rows({"first": ("bytes 0-2/*", 0), "middle": ("bytes 4-6/*", 4), "last": ("bytes 7-9/*", 7),
           "across the end": ("bytes 9-11/*", 9), "behind the end": ("bytes 10-/*", 10)})
    def test_make_a_version_and_leave_the_old_one(self, header, at):
        old = self.put_version(OLD)
        after = applied(OLD, at, b"abc")
        new = self.patched(self.patch(header, b"abc"), len(after))
        self.must_have((new, after), (old, OLD))

    @rows({"cut": 4, "nothing": 0, "extended": 25, "far": 200_000})
    def test_of_the_size_make_a_version(self, size):
        old = self.put_version(OLD)
        new = self.patched(self.patch(f"bytes */{size}"), size)
        self.must_have((new, (OLD + bytes(max(0, size - 10)))[:size]), (old, OLD))

    def test_of_many_ranges_make_one_version(self):
        old = self.put_version(OLD)
        parts = "".join(f"--x\r\nContent-Range: bytes {at}-{at}/*\r\n\r\n#\r\n" for at in (1, 5, 9))
        answer = self.send("PATCH", headers={"Content-Type": "multipart/byteranges; boundary=x"},
                           body=(parts + "--x--\r\n").encode())
        self.must_have((self.patched(answer, 10), b"0#234#678#"), (old, OLD))

    def test_of_a_large_object(self):
        body, new = pattern_bytes(9 << 20), pattern_bytes(100_000, seed=2)
        old = self.put_version(body)
        after = applied(body, 4 << 20, new)
        version = self.patched(self.patch(f"bytes {4 << 20}-/*", new), len(after))
        self.must_have((version, after), (old, body))

    def test_chain_of_them_keeps_every_step(self):
        had = [(self.put_version(OLD), OLD)]
        for number in range(12):
            after = applied(had[0][1], number, b"%c" % (65 + number))
            had.insert(0, (self.patched(self.patch(f"bytes {number}-/*", b"%c" % (65 + number)), len(after)), after))
        self.must_have(*had)

    def test_old_version_outlives_the_patch_and_the_patch_outlives_it(self):
        had = [(self.put_version(OLD), OLD)]
        for number in range(4):
            after = applied(had[0][1], number * 2, b"#")
            had.insert(0, (self.patched(self.patch(f"bytes {number * 2}-/*", b"#"), 10), after))
        for number in (4, 2, 0, 1, 0):
            self.drop(had.pop(number)[0])
            self.must_have(*had)

    def test_from_an_old_version(self):
        had = self.put_some(OLD, b"newer and longer")
        new = self.patched(self.patch("bytes 9-10/*", b"xy", had[1][0]), 11)
        self.must_have((new, b"012345678xy"), *had)

    def test_from_the_newest_version_by_its_id(self):
        had = self.put_some(b"old", OLD)
        new = self.patched(self.patch("bytes 0-0/*", b"x", had[0][0]), 10)
        self.must_have((new, b"x" + OLD[1:]), *had)

    def test_from_a_version_under_a_marker(self):
        had = self.put_some(OLD)
        had.insert(0, (self.add_marker(), MARKER))
        new = self.patched(self.patch("bytes 0-0/*", b"x", had[1][0]), 10)
        self.must_have((new, b"x" + OLD[1:]), *had)

    def test_from_an_old_version_is_within_its_size(self):
        had = self.put_some(OLD, b"newer and longer")
        expect(self.patch("bytes 11-/*", b"x", had[1][0]), 416, {"Content-Range": "bytes */10"}, code="InvalidRange")
        self.must_have(*had)

    @rows({"of the newest": False, "of an old one": True})
    def test_keep_what_stands_beside_the_bytes(self, old):
        version = version_of(self.put(OLD, headers=WITH))
        if old:
            self.put_version(b"newer")
        new = self.patched(self.patch("bytes 0-0/*", b"x", version if old else None, {"Content-Type": "a/b"}), 10)
        expect(self.get(), 200, SHOWN | {"x-amz-version-id": new}, body=b"x" + OLD[1:])
        expect(self.get_version(version), 200, SHOWN, body=OLD)

    def test_leave_the_etag_of_the_old_version(self):
        etag = self.put(OLD).get("ETag")
        old = self.head().get("x-amz-version-id")
        answer = self.patch("bytes 0-0/*", b"x")
        self.assertNotEqual(answer.get("ETag"), etag)
        expect(self.head(), 200, {"ETag": answer.get("ETag")})
        expect(self.head_version(old), 200, {"ETag": etag})

    @rows({"patch": ("patch", "bytes 0-0/*"), "append": ("append", 10)})
    def test_under_a_condition(self, kind, where):
        etag = self.put(OLD).get("ETag")
        old = self.head().get("x-amz-version-id")
        send = getattr(self, kind)
        expect(send(where, b"x", headers={"If-Match": OTHER}), 412, code="PreconditionFailed")
        expect(send(where, b"x", headers={"If-None-Match": etag}), 412, code="PreconditionFailed")
        self.must_have((old, OLD))
        new = version_of(expect(send(where, b"x", headers={"If-Match": etag}), 200))
        self.must_have((new, b"x" + OLD[1:] if kind == "patch" else OLD + b"x"), (old, OLD))
        answer = send(where if kind == "patch" else 11, b"y", headers={"If-Match": etag})
        expect(answer, 412, code="PreconditionFailed")

    def test_repeated_with_a_token_make_one_version(self):
        old = self.put_version(OLD)
        answers = [self.patch("bytes 0-0/*", b"x", headers={"x-amz-client-token": "token-" + self.key[:20]})
                   for _ in range(3)]
        ids = {self.patched(answer, 10) for answer in answers}
        self.assertEqual(len(ids), 1)
        self.must_have((ids.pop(), b"x" + OLD[1:]), (old, OLD))

    def test_that_make_the_object_of_a_marker(self):
        had = self.put_some(OLD)
        had.insert(0, (self.add_marker(), MARKER))
        answer = expect(self.patch("bytes 0-2/*", b"abc", headers={"If-None-Match": "*"}), 200,
                        {"ETag": QUOTED_ETAG, "x-amz-object-size": "3"})
        self.must_have((version_of(answer), b"abc"), *had)

    def test_of_an_upload(self):
        self.put_version(b"small")
        small = self.head().get("x-amz-version-id")
        parts = [pattern_bytes(LEAST), b"tail"]
        s3, where = client(), {"Bucket": self.bucket, "Key": self.key}
        upload = s3.create_multipart_upload(**where)["UploadId"]
        etags = [s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=body)["ETag"]
                 for number, body in enumerate(parts, 1)]
        done = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]}
        whole = s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=done)["VersionId"]
        body = b"".join(parts)
        after = applied(body, LEAST - 1, b"###")
        new = self.patched(self.patch(f"bytes {LEAST - 1}-/*", b"###"), len(after))
        self.must_have((new, after), (whole, body), (small, b"small"))


class Appends(Patching, VersionCase):
    def test_make_a_version_and_leave_the_old_one(self):
        old = self.put_version(OLD, headers=WITH)
        new = version_of(expect(self.append(10, b"abc"), 200, {"x-amz-object-size": "13", "ETag": OPAQUE_ETAG}))
        self.must_have((new, OLD + b"abc"), (old, OLD))
        expect(self.get(), 200, SHOWN)

    def test_many_keep_every_step(self):
        had = [(self.put_version(b""), b"")]
        for number in range(15):
            body = had[0][1]
            answer = expect(self.append(len(body), b"%d," % number), 200)
            had.insert(0, (version_of(answer), body + b"%d," % number))
        self.must_have(*had)

    def test_to_an_old_version(self):
        had = self.put_some(OLD, b"newer and longer")
        new = version_of(expect(self.append(10, b"x", had[1][0]), 200, {"x-amz-object-size": "11"}))
        self.must_have((new, OLD + b"x"), *had)

    @rows({"of the newest": 16, "none": 3})
    def test_to_an_old_version_at_another_offset(self, offset):
        had = self.put_some(OLD, b"newer and longer")
        expect(self.append(offset, b"x", had[1][0]), 400, code="InvalidWriteOffset")
        self.must_have(*had)

    def test_at_0_over_a_marker_makes_the_object(self):
        had = self.put_some(OLD)
        had.insert(0, (self.add_marker(), MARKER))
        new = version_of(expect(self.append(0, b"abc"), 200, {"x-amz-object-size": "3"}))
        self.must_have((new, b"abc"), *had)

    def test_at_one_offset_at_once_one_wins(self):
        old = self.put_version(OLD)
        answers = at_once(lambda n: self.append(10, b"%d" % n), range(8))
        won = [n for n, answer in enumerate(answers) if answer.status == 200]
        self.assertEqual(len(won), 1, [answer.status for answer in answers])
        for answer in answers:
            if answer.status != 200:
                expect(answer, 400, code="InvalidWriteOffset")
        self.must_have((version_of(answers[won[0]]), OLD + b"%d" % won[0]), (old, OLD))


class WhileSuspended(Patching, OwnVersionCase):
    def setUp(self):
        super().setUp()
        self.enable()
        self.had = self.put_some(b"first", OLD)
        self.suspend()

    def patch_null(self, content_range, body, size, version=None):
        return self.patched(self.patch(content_range, body, version), size, "null")

    def test_patch_of_a_version_with_an_id_is_null(self):
        self.patch_null("bytes 0-0/*", b"x", 10)
        self.must_have(("null", b"x" + OLD[1:]), *self.had)

    def test_patch_of_null_is_in_place(self):
        self.put(b"null content", headers=WITH)
        self.patch_null("bytes 0-0/*", b"N", 12)
        self.patch_null("bytes 12-/*", b"!", 13)
        self.must_have(("null", b"Null content!"), *self.had)
        expect(self.get(), 200, SHOWN)

    def test_append_to_a_version_with_an_id_is_null(self):
        expect(self.append(10, b"x"), 200, {"x-amz-version-id": "null", "x-amz-object-size": "11"})
        self.must_have(("null", OLD + b"x"), *self.had)

    def test_append_to_null_is_in_place(self):
        self.put(b"null")
        for number in range(3):
            expect(self.append(4 + number, b"x"), 200, {"x-amz-version-id": "null"})
        self.must_have(("null", b"nullxxx"), *self.had)

    def test_patch_from_an_old_version_replaces_null(self):
        self.put(b"null")
        self.patch_null("bytes 0-0/*", b"F", 5, self.had[1][0])
        self.must_have(("null", b"First"), *self.had)

    def test_patch_from_an_old_null_moves_it_to_the_front(self):
        self.put(b"null")
        self.enable()
        newest = self.put_some(b"newest")
        self.suspend()
        self.must_have(*newest, ("null", b"null"), *self.had)
        answer = self.patch("bytes 0-0/*", b"N", "null")
        if answer.status == 501:  # docs/design/s3.md
            expect(answer, 501, code="NotImplemented")
            self.must_have(*newest, ("null", b"null"), *self.had)
        else:
            self.patched(answer, 4, "null")
            self.must_have(("null", b"Null"), *newest, *self.had)

    def test_patch_of_another_replaces_an_old_null(self):
        self.put(b"null")
        self.enable()
        newest = self.put_some(b"newest")
        self.suspend()
        self.patch_null("bytes 0-0/*", b"N", 6)
        self.must_have(("null", b"Newest"), *newest, *self.had)

    def test_patch_of_null_when_it_is_resumed_makes_a_version(self):
        self.put(b"null")
        self.enable()
        new = self.patched(self.patch("bytes 0-0/*", b"N"), 4)
        self.must_have((new, b"Null"), ("null", b"null"), *self.had)

    def test_patch_of_a_null_marker_is_refused(self):
        expect(self.delete(), 204)
        expect(self.patch("bytes 0-0/*", b"x"), 404, code="NoSuchKey")
        self.must_have(("null", MARKER), *self.had)

    @rows({"copy": False, "upload": True})
    def test_other_writes_replace_null(self, upload):
        self.put(b"null")
        if upload:
            s3, where = client(), {"Bucket": self.bucket, "Key": self.key}
            source = where | {"VersionId": self.had[1][0]}
            number = s3.create_multipart_upload(**where)["UploadId"]
            part = s3.upload_part_copy(**where, UploadId=number, PartNumber=1, CopySource=source)
            self.assertEqual(part["CopySourceVersionId"], self.had[1][0])
            parts = [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]
            done = s3.complete_multipart_upload(**where, UploadId=number, MultipartUpload={"Parts": parts})
            self.assertEqual(done["VersionId"], "null")
        else:
            source = f"{self.bucket}/{quote(self.key)}?{self.query(self.had[1][0])}"
            expect(self.send("PUT", headers={"x-amz-copy-source": source}), 200, {"x-amz-version-id": "null"})
        self.must_have(("null", b"first"), *self.had)

    def test_tags_of_null(self):
        self.put(b"null")
        for version in ("null", self.had[0][0]):
            expect(self.send("PUT", query=self.query(version, "tagging"), body=tagging({"of": version})), 200)
        self.must_have(("null", b"null"), *self.had)
        self.assertEqual(tags_of(self.get(query="tagging")), {"of": "null"})


class Copies(Patching, VersionCase):
    def copy(self, version=None, key=None, headers=None, source=None, bucket=None):
        source = f"{self.bucket}/{quote(source or self.key)}" + ("" if version is None else "?" + self.query(version))
        path = f"/{bucket or self.bucket}/{quote(key or self.key)}"
        return call("PUT", path, headers={"x-amz-copy-source": source, **(headers or {})})

    @rows({"the newest": None, "the newest by its id": 0, "an old one": 1, "the oldest": 2})
    def test_of_a_version(self, which):
        had = self.put_some(b"1", b"22", b"333")
        version, body = had[which or 0]
        answer = self.copy(None if which is None else version, "copy of " + self.key)
        expect(answer, 200, {"x-amz-copy-source-version-id": version})
        self.must_have((version_of(answer), body), key="copy of " + self.key)
        self.must_have(*had)

    @rows({"of the newest": 0, "of an old one": 1})
    def test_to_another_bucket(self, which):
        had = self.put_some(b"1", pattern_bytes(9 << 20))
        bucket = make_bucket()
        self.addCleanup(drop_bucket, bucket)
        answer = self.copy(had[which][0], bucket=bucket)
        expect(answer, 200, {"x-amz-copy-source-version-id": had[which][0], "x-amz-version-id": None})
        expect(call("GET", f"/{bucket}/{quote(self.key)}"), 200, body=had[which][1])

    def test_from_a_bucket_without_versions(self):
        bucket = make_bucket()
        self.addCleanup(drop_bucket, bucket)
        expect(call("PUT", f"/{bucket}/key", body=b"content"), 200)
        answer = expect(self.send("PUT", headers={"x-amz-copy-source": f"{bucket}/key"}), 200,
                        {"x-amz-copy-source-version-id": None})
        self.must_have((version_of(answer), b"content"))

    def test_onto_itself_brings_an_old_version_back(self):
        had = self.put_some(b"old", b"new")
        answer = expect(self.copy(had[1][0]), 200, {"x-amz-copy-source-version-id": had[1][0]})
        self.must_have((version_of(answer), b"old"), *had)

    def test_onto_itself_from_under_a_marker(self):
        had = self.put_some(b"old")
        had.insert(0, (self.add_marker(), MARKER))
        answer = expect(self.copy(had[1][0]), 200)
        self.must_have((version_of(answer), b"old"), *had)

    def test_onto_itself_without_a_change_is_refused(self):
        had = self.put_some(b"old")
        expect(self.copy(), 400, code="InvalidRequest")
        self.must_have(*had)

    def test_onto_itself_with_new_metadata_makes_a_version(self):
        had = self.put_some(b"old")
        answer = expect(self.copy(headers={"x-amz-metadata-directive": "REPLACE", "x-amz-meta-new": "1"}), 200)
        self.must_have((version_of(answer), b"old"), *had)
        expect(self.head(), 200, {"x-amz-meta-new": "1"})
        expect(self.head_version(had[0][0]), 200, {"x-amz-meta-new": None})

    def test_take_what_stands_beside_the_version(self):
        old = self.put_version(b"old", headers=WITH)
        self.put_version(b"new", headers={"Content-Type": "text/new"})
        expect(self.copy(old, "copy 2"), 200)
        expect(self.get("copy 2"), 200, SHOWN, body=b"old")

    @rows({"matches the version": (1, 200), "matches the newest": (0, 412)})
    def test_conditions_are_about_the_version(self, which, status):
        had = self.put_some(b"old", b"new")
        etag = self.head_version(had[which][0]).get("ETag")
        answer = self.copy(had[1][0], "copy 3 " + str(status), {"x-amz-copy-source-if-match": etag})
        expect(answer, status, code=None if status == 200 else "PreconditionFailed")

    def test_over_a_marker_that_counts_as_absent(self):
        had = self.put_some(b"old")
        had.insert(0, (self.add_marker(), MARKER))
        answer = expect(self.copy(had[1][0], headers={"If-None-Match": "*"}), 200)
        self.must_have((version_of(answer), b"old"), *had)

    def test_of_a_copy_stay_apart(self):
        version = self.put_version(OLD)
        copy = version_of(expect(self.copy(key="copy 4"), 200))
        new = version_of(expect(self.send("PATCH", "copy 4", headers={"Content-Range": "bytes 0-0/*"}, body=b"x"), 200))
        self.must_have((version, OLD))
        self.must_have((new, b"x" + OLD[1:]), (copy, OLD), key="copy 4")

    @rows({"from the key": ("{key}", "renamed {key}"), "onto the key": ("other {key}", "{key}")})
    def test_rename_is_refused(self, source, target):
        """S3 has it only where there are no versions."""
        had = self.put_some(b"old")
        other = "other " + self.key
        of_other = self.put_some(b"other", key=other)
        answer = self.send("PUT", target.format(key=self.key), query="renameObject",
                           headers={"x-amz-rename-source": quote(source.format(key=self.key))})
        codes = {400: "InvalidRequest", 405: "MethodNotAllowed", 409: "InvalidBucketState", 501: "NotImplemented"}
        expect(answer, answer.status, code=codes.get(answer.status, "a refusal"))
        self.must_have(*had)
        self.must_have(*of_other, key=other)
        self.must_have(key="renamed " + self.key)


class Uploads(UploadCase, VersionCase):
    def test_complete_makes_a_version(self):
        had = self.put_some(b"old")
        upload = self.create()
        etag = self.part(upload, 1, b"new")
        self.must_have(*had)
        new = version_of(expect(self.complete(upload, [(1, etag)]), 200))
        self.must_have((new, b"new"), *had)

    def test_complete_over_a_marker(self):
        had = self.put_some(b"old")
        had.insert(0, (self.add_marker(), MARKER))
        upload = self.create()
        parts = [(1, self.part(upload, 1, b"new"))]
        new = version_of(expect(self.complete(upload, parts, headers={"If-None-Match": "*"}), 200))
        self.must_have((new, b"new"), *had)

    def test_complete_again_makes_no_other(self):
        upload = self.create()
        parts = [(1, self.part(upload, 1, b"new"))]
        new = version_of(expect(self.complete(upload, parts), 200))
        expect(self.complete(upload, parts), 200, {"x-amz-version-id": new})
        self.must_have((new, b"new"))

    def test_aborted_ones_make_none(self):
        had = self.put_some(b"old")
        upload = self.create()
        self.part(upload, 1, b"new")
        expect(self.abort(upload), 204, PLAIN)
        self.must_have(*had)

    @rows({"the newest": None, "an old version": 1, "a range of an old version": 1})
    def test_parts_of(self, which):
        had = self.put_some(b"0123456789", b"new")
        body = had[which or 0][1]
        source = f"{self.bucket}/{quote(self.key)}" + ("" if which is None else "?" + self.query(had[which][0]))
        headers = {"x-amz-copy-source": source}
        if "range" in self._testMethodName:
            headers["x-amz-copy-source-range"] = "bytes=2-5"
            body = body[2:6]
        key = "parts of " + self.key
        upload = self.create(key)
        answer = self.send("PUT", key, query=query_of({"partNumber": 1, "uploadId": upload}), headers=headers)
        expect(answer, 200, {"x-amz-copy-source-version-id": had[which or 0][0]})
        etag = parse_xml(answer).findtext("ETag")
        new = version_of(expect(self.complete(upload, [(1, etag)], key), 200))
        self.must_have((new, body), key=key)


class Tags(VersionCase):
    def tag(self, version, tags):
        return self.send("PUT", query=self.query(version, "tagging"), body=tagging(tags))

    def tags(self, version):
        answer = self.get(query=self.query(version, "tagging"))
        expect(answer, 200, {"x-amz-version-id": version})
        return tags_of(answer)

    def test_are_of_their_version(self):
        had = self.put_some(b"1", b"2", b"3")
        for number, (version, _) in enumerate(had):
            expect(self.tag(version, {"number": str(number)}), 200, {"x-amz-version-id": version}, body=b"")
        for number, (version, _) in enumerate(had):
            self.assertEqual(self.tags(version), {"number": str(number)})
        self.assertEqual(tags_of(self.get(query="tagging")), {"number": "0"})
        self.must_have(*had)

    def test_are_deleted_of_their_version(self):
        had = self.put_some(b"1", b"2")
        for version, _ in had:
            expect(self.tag(version, {"a": "1"}), 200)
        expect(self.send("DELETE", query=self.query(had[1][0], "tagging")), 204, {"x-amz-version-id": had[1][0]})
        self.assertEqual((self.tags(had[0][0]), self.tags(had[1][0])), ({"a": "1"}, {}))
        self.must_have(*had)

    def test_without_an_id_are_of_the_newest(self):
        had = self.put_some(b"1", b"2")
        expect(self.send("PUT", query="tagging", body=tagging({"a": "1"})), 200, {"x-amz-version-id": had[0][0]})
        self.assertEqual((self.tags(had[0][0]), self.tags(had[1][0])), ({"a": "1"}, {}))
        expect(self.send("DELETE", query="tagging"), 204, {"x-amz-version-id": had[0][0]})
        self.assertEqual(self.tags(had[0][0]), {})
        self.must_have(*had)

    def test_of_a_version_leave_all_else(self):
        etag = self.put(b"old", headers=WITH).get("ETag")
        old = self.head().get("x-amz-version-id")
        had = self.put_some(b"new")
        expect(self.tag(old, {"x": "1", "y": "2"}), 200)
        shown = SHOWN | {"ETag": etag, "x-amz-tagging-count": "2"}
        expect(self.get_version(old), 200, shown, body=b"old")
        self.must_have(*had, (old, b"old"))

    def test_of_a_version_under_a_marker(self):
        had = self.put_some(b"1")
        had.insert(0, (self.add_marker(), MARKER))
        expect(self.tag(had[1][0], {"a": "1"}), 200)
        self.assertEqual(self.tags(had[1][0]), {"a": "1"})
        self.must_have(*had)

    @rows({"malformed": (b"<Tagging/>", "MalformedXML"), "twice": (tagging({"a": "1"}).replace(
        b"</TagSet>", b"<Tag><Key>a</Key><Value>2</Value></Tag></TagSet>"), "InvalidTag")})
    def test_refused(self, document, code):
        had = self.put_some(b"1", b"2")
        expect(self.send("PUT", query=self.query(had[1][0], "tagging"), body=document), 400, code=code)
        self.assertEqual(self.tags(had[1][0]), {})
        self.must_have(*had)

    def test_at_once_of_all_versions(self):
        had = self.put_some(*(b"%d" % number for number in range(8)))
        for answer in at_once(lambda one: self.tag(one[0], {"of": one[0]}), had):
            expect(answer, 200)
        for version, _ in had:
            self.assertEqual(self.tags(version), {"of": version})
        self.must_have(*had)
