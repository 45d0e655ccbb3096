"""Deleting in buckets with versions: delete markers, versions for good, many at once, and the bucket itself."""
import random

from .harness import call, client, expect, md5, parse_xml, quote, rows, texts
from .topic_conditions import OTHER
from .versions import MARKER, VERSION_ID, OwnVersionCase, VersionCase, must_be_marker, version_of


class Deleting(VersionCase):
    def test_adds_a_marker(self):
        versions = self.put_some(b"1", b"2")
        self.must_have((self.add_marker(), MARKER), *versions)

    def test_of_nothing_adds_a_marker(self):
        self.must_have((self.add_marker(), MARKER))

    def test_each_time_adds_a_marker(self):
        self.put_some(b"1")
        markers = [(self.add_marker(), MARKER) for _ in range(3)]
        self.must_have(*markers[::-1], *[(entry.id, b"1") for entry in self.listed() if not entry.marker])

    def test_put_over_a_marker(self):
        versions = self.put_some(b"1")
        marker = self.add_marker()
        new = self.put_version(b"2", headers={"x-amz-meta-new": "1"})
        self.must_have((new, b"2"), (marker, MARKER), *versions)

    @rows({"newest": 0, "middle": 1, "oldest": 2})
    def test_for_good(self, which):
        versions = self.put_some(b"1", b"2", b"3")
        version = versions.pop(which)[0]
        self.drop(version)
        self.must_have(*versions)
        expect(self.get_version(version), 404, {"x-amz-version-id": None}, code="NoSuchVersion")
        expect(self.head_version(version), 404, code="NoSuchVersion")

    def test_for_good_of_the_only_one(self):
        self.drop(self.put_version())
        self.must_have()

    def test_of_the_newest_brings_back_the_one_before_with_its_own(self):
        etag = self.put(b"old", headers={"Content-Type": "text/old", "x-amz-meta-a": "b"}).get("ETag")
        old = self.head().get("x-amz-version-id")
        self.drop(self.put_version(b"new"))
        shown = {"Content-Type": "text/old", "x-amz-meta-a": "b", "ETag": etag, "x-amz-version-id": old}
        expect(self.get(), 200, shown, body=b"old")

    def test_of_the_marker_brings_the_object_back(self):
        versions = self.put_some(b"1", b"2")
        self.drop(self.add_marker(), marker=True)
        self.must_have(*versions)

    def test_of_the_only_marker_leaves_nothing(self):
        self.drop(self.add_marker(), marker=True)
        self.must_have()

    def test_of_a_marker_beneath_leaves_the_newest(self):
        versions = self.put_some(b"1")
        marker = self.add_marker()
        newest = self.put_some(b"2")
        self.drop(marker, marker=True)
        self.must_have(*newest, *versions)

    def test_of_what_lies_under_a_marker(self):
        versions = self.put_some(b"1", b"2")
        marker = self.add_marker()
        self.drop(versions[0][0])
        self.must_have((marker, MARKER), versions[1])
        self.drop(versions[1][0])
        self.must_have((marker, MARKER))

    def test_newest_that_is_gone_shows_the_marker_before(self):
        self.put_version()
        marker = self.add_marker()
        self.drop(self.put_version(b"new"))
        must_be_marker(self.get(), marker)

    @rows({"version": False, "marker": True})
    def test_again_is_done_as_well(self, marker):
        versions = self.put_some(b"1")
        gone = self.add_marker() if marker else self.put_version(b"2")
        self.drop(gone, marker=marker)
        expect(self.delete_version(gone), 204)
        self.must_have(*versions)

    @rows({"of another key": False, "null": True})
    def test_of_one_that_never_was_leaves_the_others(self, null):
        versions = self.put_some(b"1")
        other = self.put_version(b"other", "another key of deletes")
        answer = self.delete_version("null" if null else other)
        expect(answer, answer.status, code={204: None, 404: "NoSuchVersion"}.get(answer.status, "NoSuchVersion"))
        self.must_have(*versions)
        self.must_be_version(other, b"other", "another key of deletes")

    @rows({f"seed {seed}": seed for seed in range(4)})
    def test_of_all_in_any_order(self, seed):
        chance, had = random.Random(seed), []
        for number in range(8):
            marker = chance.random() < 0.4
            had.insert(0, (self.add_marker(), MARKER) if marker else self.put_some(b"%d" % number)[0])
        while had:
            version, body = had.pop(chance.randrange(len(had)))
            self.drop(version, marker=body is MARKER)
            self.must_have(*had)

    def test_leaves_its_neighbours(self):
        keys = [self.key + more for more in ("", "/", "/a", "a", " ")]
        versions = {key: self.put_some(b"1", b"2", key=key) for key in keys}
        marker = self.add_marker(keys[0])
        self.must_have((marker, MARKER), *versions[keys[0]], key=keys[0])
        for key in keys[1:]:
            self.must_have(*versions[key], key=key)

    @rows({"the etag": ("{etag}", 204), "star": ("*", 204), "another": (OTHER, 412)})
    def test_under_a_condition(self, etag, status):
        version = self.put_version()
        answer = self.delete(headers={"If-Match": etag.format(etag=self.head().get("ETag"))})
        if status == 204:
            marker = version_of(expect(answer, 204, {"x-amz-delete-marker": "true"}))
            self.must_have((marker, MARKER), (version, b"content"))
        else:
            expect(answer, 412, {"x-amz-delete-marker": None}, code="PreconditionFailed")
            self.must_have((version, b"content"))

    def test_under_a_condition_of_a_marker(self):
        marker = self.add_marker()
        expect(self.delete(headers={"If-Match": "*"}), 404, code="NoSuchKey")
        self.must_have((marker, MARKER))

    def test_presigned(self):
        versions = self.put_some(b"1", b"2")
        expect(self.send("DELETE", query=self.query(versions[0][0]), auth="query"), 204,
               {"x-amz-version-id": versions[0][0]})
        self.must_have(versions[1])

    def test_of_a_copy_leaves_its_source(self):
        version = self.put_version()
        copy = self.send("PUT", "copy of deletes", headers={"x-amz-copy-source": f"{self.bucket}/{quote(self.key)}"})
        self.drop(version_of(expect(copy, 200)), "copy of deletes")
        self.must_have((version, b"content"))

    def test_of_a_source_leaves_its_copy(self):
        version = self.put_version()
        key = "other copy of deletes"
        copy = self.send("PUT", key, headers={"x-amz-copy-source": f"{self.bucket}/{quote(self.key)}"})
        self.drop(version)
        self.must_have((version_of(expect(copy, 200)), b"content"), key=key)


class DeletingMany(VersionCase):
    def delete_many(self, entries: list, quiet: bool = False):
        """Of (key, version or None)."""
        inside = "".join(f"<Object><Key>{key}</Key>{more}</Object>" for key, more in (
            (key, f"<VersionId>{version}</VersionId>" if version is not None else "") for key, version in entries))
        body = f"<Delete>{'<Quiet>true</Quiet>' if quiet else ''}{inside}</Delete>".encode()
        answer = self.of_bucket("POST", "delete", body=body, headers={"Content-MD5": md5(body)})
        document = parse_xml(expect(answer, 200, {"Content-Type": "application/xml"}))
        self.assertEqual(document.tag, "DeleteResult")
        return document

    def told(self, document) -> list:
        return [{element.tag: element.text for element in entry} for entry in document.findall("Deleted")]

    def test_without_ids_adds_markers(self):
        version = self.put_version()
        told = self.told(self.delete_many([(self.key, None)]))
        self.assertEqual(len(told), 1)
        marker = told[0].pop("DeleteMarkerVersionId")
        self.assertRegex(marker, VERSION_ID)
        self.assertEqual(told[0], {"Key": self.key, "DeleteMarker": "true"})
        self.must_have((marker, MARKER), (version, b"content"))

    def test_of_nothing_adds_a_marker(self):
        told = self.told(self.delete_many([(self.key, None)]))
        self.must_have((told[0]["DeleteMarkerVersionId"], MARKER))

    def test_of_a_version(self):
        versions = self.put_some(b"1", b"2")
        told = self.told(self.delete_many([(self.key, versions[0][0])]))
        self.assertEqual(told, [{"Key": self.key, "VersionId": versions[0][0]}])
        self.must_have(versions[1])

    def test_of_a_marker(self):
        versions = self.put_some(b"1")
        marker = self.add_marker()
        told = self.told(self.delete_many([(self.key, marker)]))
        self.assertEqual(told, [{"Key": self.key, "VersionId": marker, "DeleteMarker": "true",
                                 "DeleteMarkerVersionId": marker}])
        self.must_have(*versions)

    def test_of_several_of_one_key(self):
        versions = self.put_some(b"1", b"2", b"3")
        told = self.told(self.delete_many([(self.key, version) for version, _ in versions[:2]]))
        self.assertEqual({one["VersionId"] for one in told}, {version for version, _ in versions[:2]})
        self.must_have(versions[2])

    def test_of_all_of_one_key(self):
        versions = self.put_some(b"1", b"2") + [(self.add_marker(), MARKER)]
        self.delete_many([(self.key, version) for version, _ in versions])
        self.must_have()

    def test_of_what_is_gone_or_never_was(self):
        versions = self.put_some(b"1")
        gone = self.put_version(b"2")
        self.drop(gone)
        result = self.delete_many([(self.key, gone), (self.key, "null")])
        self.assertEqual(texts(result, "*/Key"), [self.key] * 2)
        self.assertLessEqual(set(texts(result, "Error/Code")), {"NoSuchVersion"})
        self.assertNotIn(gone, texts(result, "Error/VersionId"))
        self.must_have(*versions)

    def test_id_that_is_malformed_is_an_error_of_its_key(self):
        versions = self.put_some(b"1", b"2")
        result = self.delete_many([(self.key, "!$*"), (self.key, versions[0][0])])
        self.assertEqual((texts(result, "Error/Key"), texts(result, "Error/VersionId")), ([self.key], ["!$*"]))
        self.assertIn(texts(result, "Error/Code"), (["InvalidArgument"], ["NoSuchVersion"]))
        self.assertEqual(texts(result, "Deleted/VersionId"), [versions[0][0]])
        self.must_have(versions[1])

    def test_quiet(self):
        versions = self.put_some(b"1", b"2")
        doomed = [(self.key, versions[0][0]), ("nothing of many", None)]
        self.assertEqual(list(self.delete_many(doomed, quiet=True)), [])
        self.must_have(versions[1])

    def test_of_hundreds(self):
        versions = [self.put_version(b"%d" % number) for number in range(200)]
        result = self.delete_many([(self.key, version) for version in versions[:199]])
        self.assertEqual(set(texts(result, "Deleted/VersionId")), set(versions[:199]))
        self.must_have((versions[199], b"199"))

    def test_by_boto3(self):
        s3 = client()
        versions = self.put_some(b"1", b"2")
        doomed = [{"Key": self.key, "VersionId": versions[1][0]}, {"Key": self.key}]
        deleted = s3.delete_objects(Bucket=self.bucket, Delete={"Objects": doomed})["Deleted"]
        marker = next(one["DeleteMarkerVersionId"] for one in deleted if one.get("DeleteMarker"))
        self.assertEqual([one for one in deleted if not one.get("DeleteMarker")],
                         [{"Key": self.key, "VersionId": versions[1][0]}])
        self.must_have((marker, MARKER), versions[0])


class DeletingBuckets(OwnVersionCase):
    @rows({"a version": ("put",), "a version under a marker": ("put", "delete"), "a marker": ("delete",),
           "null": ("suspend", "put"), "a null marker": ("suspend", "delete"),
           "an object of before": ("never", "put"), "a null version beneath": ("suspend", "put", "enable", "delete")})
    def test_needs_them_to_be_empty(self, *steps):
        if steps[0] == "never":
            self.put()
        self.enable()
        for step in steps:
            if step != "never":
                getattr(self, step)()
        expect(call("DELETE", f"/{self.bucket}"), 409, code="BucketNotEmpty")
        for entry in self.listed():
            expect(call("DELETE", f"/{self.bucket}"), 409, code="BucketNotEmpty")
            self.drop(entry.id, marker=entry.marker)
        expect(call("DELETE", f"/{self.bucket}"), 204)
        expect(call("HEAD", f"/{self.bucket}"), 404, code="NoSuchBucket")
        expect(call("PUT", f"/{self.bucket}"), 200)  # for the clean-up

    def test_unfinished_uploads_do_not_matter(self):
        self.enable()
        expect(self.send("POST", query="uploads"), 200)
        expect(call("DELETE", f"/{self.bucket}"), 204)
        expect(call("PUT", f"/{self.bucket}"), 200)
