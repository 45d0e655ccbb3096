"""What the topics of versioning use: buckets with versions, and `must_have`, which looks at all that a key has."""
import re
from dataclasses import dataclass

from .harness import ISO_DATE, OPAQUE_ETAG, BucketCase, OwnBucketCase, call, expect, parse_xml, query_of, quote_all

VERSION_ID = re.compile(r"(?!null$)[!-~]{1,1024}")  # opaque
HTTP_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
PLAIN = {"x-amz-delete-marker": None, "x-amz-version-id": None}  # what answers in buckets without versions have
MARKER = None  # in place of a body: a delete marker

# Ids that no version can have -> why, in a query.
MALFORMED_IDS = {"empty": "", "blank": " ", "marks": "!$*", "not ASCII": "é", "long": "0" * 1500,
                 "NULL": "NULL", "null and more": "null0", "two": "null,null", "a path": "../null"}


@dataclass
class Listed:
    """An entry of ListObjectVersions."""
    key: str
    id: str
    latest: bool
    marker: bool
    size: int
    etag: str | None


def listed_of(page) -> list:
    """The entries of a page, as they stand in it."""
    return [Listed(entry.findtext("Key"), entry.findtext("VersionId"), entry.findtext("IsLatest") == "true",
                   entry.tag == "DeleteMarker", int(entry.findtext("Size") or 0), entry.findtext("ETag"))
            for entry in page if entry.tag in ("Version", "DeleteMarker")]


def versioning_xml(status: str, more: str = "") -> bytes:
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    inside = f"<Status>{status}</Status>{more}"
    return f'<VersioningConfiguration xmlns="{namespace}">{inside}</VersioningConfiguration>'.encode()


def set_versioning(bucket: str, status: str) -> None:
    expect(call("PUT", f"/{bucket}", query="versioning", body=versioning_xml(status)), 200, body=b"")


def version_of(answer) -> str:
    """The id that a write in a bucket with versioning gave."""
    expect(answer, answer.status, {"x-amz-version-id": VERSION_ID})
    return answer.get("x-amz-version-id")


def must_be_marker(answer, version: str) -> None:
    """The answer to a GET or HEAD without an id, of a key whose newest version is a delete marker."""
    expect(answer, 404, {"x-amz-delete-marker": "true", "x-amz-version-id": version}, code="NoSuchKey")


def must_be_no_object(answer) -> None:
    """The answer to a GET or HEAD of a delete marker by its id."""
    expect(answer, 405, {"x-amz-delete-marker": "true", "Allow": "DELETE", "Last-Modified": HTTP_DATE},
           code="MethodNotAllowed")


class Versions:
    """For cases of a bucket that has versions."""

    def query(self, version: str, more: str = "") -> str:
        return (more + "&" if more else "") + query_of({"versionId": version})

    def get_version(self, version: str, key=None, headers=None):
        return self.get(key, headers, query=self.query(version))

    def head_version(self, version: str, key=None, headers=None):
        return self.head(key, headers, query=self.query(version))

    def put_version(self, body: bytes = b"content", key=None, headers=None) -> str:
        return version_of(self.put(body, key, headers))

    def put_some(self, *bodies, key=None) -> list:
        """Versions of these bodies, as `must_have` takes them: newest first."""
        return [(self.put_version(body, key), body) for body in bodies][::-1]

    def delete(self, key=None, headers=None):
        return self.send("DELETE", key, headers=headers)

    def add_marker(self, key=None) -> str:
        """A DELETE without id, which adds a delete marker."""
        answer = expect(self.delete(key), 204, {"x-amz-delete-marker": "true"}, body=b"")
        return version_of(answer)

    def delete_version(self, version: str, key=None, headers=None):
        return self.send("DELETE", key, query=self.query(version), headers=headers)

    def drop(self, version: str, key=None, marker: bool = False) -> None:
        """Deletes a version, or a marker, for good."""
        expect(self.delete_version(version, key), 204,
               {"x-amz-version-id": version, "x-amz-delete-marker": "true" if marker else None}, body=b"")

    def list_versions(self, query: dict | None = None):
        answer = call("GET", f"/{self.bucket}", query={"versions": ""} | (query or {}))
        return parse_xml(expect(answer, 200, {"Content-Type": "application/xml"}))

    def listed(self, key=None) -> list:
        """All versions and markers of a key, which are no more than a page."""
        key = self.key if key is None else key
        page = self.list_versions({"prefix": key})
        self.assertEqual(page.findtext("IsTruncated"), "false")
        return [entry for entry in listed_of(page) if entry.key == key]

    def must_be_version(self, version: str, body, key=None) -> None:
        """By its id it is this, whatever else the key has."""
        if body is MARKER:
            must_be_no_object(self.get_version(version, key))
            must_be_no_object(self.head_version(version, key))
            return
        headers = {"x-amz-version-id": version, "x-amz-delete-marker": None, "Content-Length": str(len(body))}
        expect(self.get_version(version, key), 200, headers, body=body)
        expect(self.head_version(version, key), 200, headers)

    def must_be_current(self, versions: tuple, key=None, shown: bool = True) -> None:
        """What a request without id sees. `shown`: whether the answers tell the version."""
        if not versions:
            expect(self.get(key), 404, PLAIN, code="NoSuchKey")
            expect(self.head(key), 404, PLAIN, code="NoSuchKey")
        elif versions[0][1] is MARKER:
            must_be_marker(self.get(key), versions[0][0])
            must_be_marker(self.head(key), versions[0][0])
        else:
            headers = {"x-amz-version-id": versions[0][0] if shown else None, "x-amz-delete-marker": None}
            expect(self.get(key), 200, headers, body=versions[0][1])
            expect(self.head(key), 200, headers | {"Content-Length": str(len(versions[0][1]))})

    def must_have(self, *versions, key=None, shown: bool = True) -> None:
        """The key has these versions and no others: (id, body), newest first; MARKER is the body of a delete marker."""
        listed = self.listed(key)
        self.assertEqual([(entry.id, entry.marker) for entry in listed],
                         [(version, body is MARKER) for version, body in versions])
        self.assertEqual([entry.latest for entry in listed], [number == 0 for number in range(len(listed))])
        for entry, (version, body) in zip(listed, versions):
            self.must_be_version(version, body, key)
            if body is not MARKER:
                self.assertEqual(entry.size, len(body))
                expect(self.head_version(version, key), 200, {"ETag": entry.etag})
        self.must_be_current(versions, key, shown)
        there = bool(versions) and versions[0][1] is not MARKER
        name = self.key if key is None else key
        for form in ("", "list-type=2"):
            query = "&".join(filter(None, (form, f"prefix={quote_all(name)}")))
            page = parse_xml(expect(call("GET", f"/{self.bucket}", query=query), 200))
            self.assertEqual([entry.text for entry in page.findall("Contents/Key")].count(name), int(there))


class VersionCase(Versions, BucketCase):
    """Cases that share a bucket with versioning; each has a key of its own in it."""

    STATUS = "Enabled"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.STATUS:
            set_versioning(cls.bucket, cls.STATUS)


class OwnVersionCase(Versions, OwnBucketCase):
    """Cases that change their bucket: each has its own, which was never versioned."""

    def enable(self):
        set_versioning(self.bucket, "Enabled")

    def suspend(self):
        set_versioning(self.bucket, "Suspended")


class Patching(Versions):
    """For cases of PATCH and append."""

    def patch(self, content_range: str, body: bytes = b"", version: str | None = None, headers: dict | None = None):
        query = "" if version is None else self.query(version)
        return self.send("PATCH", query=query, headers={"Content-Range": content_range, **(headers or {})}, body=body)

    def append(self, offset: int, body: bytes, version: str | None = None, headers: dict | None = None):
        query = "" if version is None else self.query(version)
        return self.send("PUT", query=query, headers={"x-amz-write-offset-bytes": str(offset), **(headers or {})},
                         body=body)

    def patched(self, answer, size: int, version=None) -> str:
        """The id that a patch answered. `version`: the one that it must be."""
        expect(answer, 200, {"ETag": OPAQUE_ETAG, "x-amz-object-size": str(size), "x-amz-delete-marker": None})
        document = parse_xml(answer)
        self.assertRegex(document.findtext("Object/LastModified"), ISO_DATE)
        self.assertEqual(document.findtext("Object/ETag"), answer.get("ETag"))
        if version is None:
            return version_of(answer)
        self.assertEqual(answer.get("x-amz-version-id"), version)
        return version
