"""Names of buckets and keys, percent-encoding, parameters of queries, and fields that say what is to be done: all well signed."""
import hashlib

from suite.harness import md5

from .table import CONTENT, Site

MISSING = "x" * 32  # an upload's id that none has

BUCKETS = {
    "two letters": "ab", "one letter": "a", "64 letters": "a" * 64, "upper case": "Bucket", "underscore": "a_bucket", "begins with a hyphen": "-bucket",
    "ends with a hyphen": "bucket-", "begins with a dot": ".bucket", "ends with a dot": "bucket.", "two dots": "a..b", "dots only": "...",
    "an address": "192.168.0.1", "xn--": "xn--bucket", "sthree-": "sthree-bucket", "-s3alias": "bucket-s3alias", "--ol-s3": "bucket--ol-s3", "our own": "_pbfs",
    "a blank": "a%20bucket", "letters beyond ASCII": "b%C3%BCcket", "NUL": "buc%00ket", "a line end": "buc%0Aket", "a colon": "buc:ket", "a star": "buc*ket",
    "a slash in disguise": "buc%2Fket/", "a percent": "buc%25ket", "a quote": "buc%22ket", "a backslash": "buc%5Cket", "a kilobyte": "a" * 1024, "a tilde": "buc~ket",
}
# Behind "/bucket/".
KEYS = {
    "a lone percent": "%", "half an escape": "%4", "no escape": "%zz", "half an escape at the end": "a%2", "an escape of a sign": "%-1", "NUL": "%00", "NUL inside": "a%00b",
    "overlong UTF-8": "%C0%80", "overlong slash": "%C0%AF", "overlong in three bytes": "%E0%80%AF", "a surrogate": "%ED%A0%80", "beyond Unicode": "%F5%80%80%80",
    "a lone byte": "%FF", "a lone continuation": "%80", "a sequence cut short": "%E2%82", "latin-1": "%FC", "1,025 bytes": "k" * 1025, "1,026 bytes of two each": "%C3%BC" * 513,
    "10,000 bytes": "k" * 10_000, "UTF-16": "%FF%FEk%00",
}
QUERIES = {
    "a lone percent": "prefix=%", "no escape": "prefix=%zz", "half an escape": "prefix=%4", "bad name": "%zz=1", "latin-1": "prefix=%FF", "NUL": "prefix=%00",
    "a surrogate": "prefix=%ED%A0%80", "max-keys is negative": "max-keys=-1", "max-keys is a word": "max-keys=many", "max-keys has an exponent": "max-keys=1e3",
    "max-keys is a fraction": "max-keys=1.5", "max-keys beyond 64 bits": "max-keys=99999999999999999999", "max-keys in hexadecimal": "max-keys=0x10", "encoding-type": "encoding-type=rot13",
    "list-type=3": "list-type=3", "list-type is a word": "list-type=ext-v1", "list-type is empty": "list-type=", "token that is none": "list-type=2&continuation-token=x",
    "an empty token": "list-type=2&continuation-token=", "a token of a kilobyte": "list-type=2&continuation-token=" + "A" * 1024,
    "a token in base64 of nothing": "list-type=2&continuation-token=AAAA", "max-uploads": "uploads&max-uploads=-1", "max-uploads is a word": "uploads&max-uploads=x",
    "encoding of uploads": "uploads&encoding-type=x", "max-keys of versions": "versions&max-keys=x", "encoding of versions": "versions&encoding-type=x",
    "version without a key": "versions&version-id-marker=x",
}
OF_OBJECT = {
    "partNumber 0": "partNumber=0", "partNumber 10,001": "partNumber=10001", "negative partNumber": "partNumber=-1", "partNumber is a word": "partNumber=one", "empty partNumber": "partNumber=",
    "partNumber beyond 64 bits": "partNumber=99999999999999999999", "a part that there is not": "partNumber=7", "a version that there is not": "versionId=x", "empty version": "versionId=",
    "max-parts": f"uploadId={MISSING}&max-parts=-1", "parts of no upload": f"uploadId={MISSING}", "parts of an empty upload": "uploadId=", "an upload of a megabyte's tenth": "uploadId=" + "A" * 12_000,
    "a fragment of an escape": "uploadId=%", "the answer has two lines": "response-content-type=a%0D%0Ab",
}
RANGES = {"behind the end": "bytes=10-", "far behind the end": "bytes=100-200", "no bytes at the end": "bytes=-0", "at 2^62": f"bytes={1 << 62}-", "the last possible": "bytes=9223372036854775807-"}
# Of PUT.
FIELDS = {
    "more than 2 KiB of metadata": {"x-amz-meta-a": "a" * 2100}, "many metadata": {f"x-amz-meta-{i}": "a" * 100 for i in range(30)},
    "tags that are none": {"x-amz-tagging": "%zz"}, "a tag twice": {"x-amz-tagging": "a=1&a=2"}, "11 tags": {"x-amz-tagging": "&".join(f"{i}=1" for i in range(11))},
    "a tag's key of 129": {"x-amz-tagging": "a" * 129 + "=1"}, "a tag's value of 257": {"x-amz-tagging": "a=" + "1" * 257}, "a tag without key": {"x-amz-tagging": "=1"},
    "a tag of aws": {"x-amz-tagging": "aws:a=1"}, "an unknown acl": {"x-amz-acl": "everybody"}, "an acl that is not served": {"x-amz-acl": "public-read"},
    "a grant": {"x-amz-grant-read": "id=x"}, "an unknown encryption": {"x-amz-server-side-encryption": "ROT13"}, "a key of nobody": {"x-amz-server-side-encryption": "aws:kms"},
    "an MD5 that is none": {"Content-MD5": "x"}, "an MD5 too short": {"Content-MD5": "AAAA"}, "an empty MD5": {"Content-MD5": ""}, "another MD5": {"Content-MD5": md5(b"other")},
    "an MD5 in hexadecimal": {"Content-MD5": hashlib.md5(CONTENT).hexdigest()}, "a CRC32 that is none": {"x-amz-checksum-crc32": "x"}, "a CRC32 too long": {"x-amz-checksum-crc32": "AAAAAAA="},
    "another CRC32": {"x-amz-checksum-crc32": "AAAAAA=="}, "an empty CRC32": {"x-amz-checksum-crc32": ""}, "another SHA256": {"x-amz-checksum-sha256": "A" * 43 + "="},
    "another SHA1": {"x-amz-checksum-sha1": "A" * 27 + "="}, "another CRC64": {"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}, "another CRC32C": {"x-amz-checksum-crc32c": "AAAAAA=="},
    "two checksums": {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": "A" * 27 + "="}, "an unknown checksum": {"x-amz-checksum-crc16": "AAA="},
    "an algorithm without a checksum": {"x-amz-sdk-checksum-algorithm": "CRC32"}, "an unknown algorithm": {"x-amz-sdk-checksum-algorithm": "CRC16"},
    "an algorithm and another's checksum": {"x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": "AAAAAA=="}, "an unknown trailer": {"x-amz-trailer": "x-other"},
    "a trailer that does not come": {"x-amz-trailer": "x-amz-checksum-crc32"}, "a Content-Range": {"Content-Range": "bytes 0-9/10"}, "a negative offset": {"x-amz-write-offset-bytes": "-1"},
    "a word for an offset": {"x-amz-write-offset-bytes": "end"}, "an empty offset": {"x-amz-write-offset-bytes": ""}, "another offset": {"x-amz-write-offset-bytes": "5"},
    "an offset beyond 64 bits": {"x-amz-write-offset-bytes": "99999999999999999999"}, "only if it is not there": {"If-None-Match": "*"}, "only if it is another": {"If-Match": '"x"'},
}
COPIES = {
    "nothing": "", "a slash": "/", "a bucket": "bucket", "a bucket and a slash": "bucket/", "no escape": "/bucket/%zz", "a lone byte": "/bucket/%FF", "NUL": "/bucket/%00", "a long key": "/bucket/" + "k" * 1025,
    "a bucket that there is not": "/no-such-bucket-here/key", "a bucket that none can be": "/B_/key", "our own": "/_pbfs/key", "itself": None, "a key that there is not": "SAME/missing",
    "a version that there is not": "SAME/object?versionId=x", "slashes": "////", "an address": "http://host/bucket/key",
}
PART_RANGES = {"open": "bytes=5-", "turned around": "bytes=9-5", "no unit": "5-9", "beyond the end": "bytes=0-10", "of the end": "bytes=-5", "two": "bytes=0-1,3-4", "a word": "all", "empty": "", "beyond 64 bits": "bytes=0-99999999999999999999"}
PARTS = {"part 0": "0", "part 10,001": "10001", "a negative part": "-1", "a word": "one", "empty": "", "a fraction": "1.5", "beyond 64 bits": "99999999999999999999", "a sign": "%2B1", "hexadecimal": "0x1"}


def rows(site: Site):
    for name, bucket in BUCKETS.items():
        yield site.signed(f"bucket: {name}", "PUT", f"/{bucket}", (400, 403))
    for name, key in KEYS.items():
        for method in ("GET", "PUT"):
            yield site.signed(f"key: {name}, {method}", method, f"/{site.bucket}/{key}", (400, 403), body=b"x" if method == "PUT" else b"")
    for name, query in QUERIES.items():
        yield site.of_bucket(f"query: {name}", "GET", query, (400, 403))
    for name, query in OF_OBJECT.items():
        yield site.of_object(f"query of an object: {name}", "GET", (400, 403, 404, 416), query=query)
    yield site.of_object("a part and a range", "GET", query="partNumber=1", headers={"Range": "bytes=0-1"})
    for name, value in RANGES.items():
        yield site.of_object(f"Range: {name}", "GET", (416,), headers={"Range": value})
    yield site.of_object("Range twice", "GET", headers=[("Range", "bytes=0-1"), ("Range", "bytes=0-1")])
    yield site.of_object("attributes: none", "GET", query="attributes")
    for asked in ("Colour", "ETag,Colour", ","):
        yield site.of_object(f"attributes: {asked}", "GET", query="attributes", headers={"x-amz-object-attributes": asked})
    for name, headers in FIELDS.items():
        yield site.of_object(f"PUT: {name}", "PUT", (400, 412), body=CONTENT, headers=headers)
    yield site.of_object("PUT: no length", "PUT", (411,), change=lambda request: request.drop("Content-Length"))
    yield site.of_object("PUT: 5 GiB and a byte", "PUT", change=lambda request: request.set("Content-Length", str((5 << 30) + 1)))
    for name in ("Content-MD5", "Content-Range"):
        yield site.of_object(f"PUT: {name} twice", "PUT", (400, 403), body=CONTENT, headers=[(name, "x"), (name, "x")])
    yield site.of_object("PUT: a shorter body", "PUT", body=CONTENT, payload="UNSIGNED-PAYLOAD", change=lambda request: request.set("Content-Length", "100"))
    for name, source in COPIES.items():
        source = site.object if source is None else source.replace("SAME", "/" + site.bucket)
        yield site.of_object(f"copy of: {name}", "PUT", (400, 403, 404), headers={"x-amz-copy-source": source})
    of_itself = {"x-amz-copy-source": site.object}
    for name, headers in {"metadata": {"x-amz-metadata-directive": "MERGE"}, "tags": {"x-amz-tagging-directive": "MERGE"},
                          "another object": {"x-amz-copy-source-if-match": '"x"'}}.items():
        yield site.signed(f"copy: {name}", "PUT", f"/{site.bucket}/copy", (400, 412), headers=of_itself | headers)
    yield from uploads(site)


def uploads(site: Site):
    path = f"/{site.bucket}/upload"
    for name, number in PARTS.items():
        yield site.signed(f"upload: {name}", "PUT", path, query=f"uploadId={site.upload}&partNumber={number}", body=b"x")
    for name, upload in {"an upload that there is not": MISSING, "an empty one": "", "a path": "..%2F.."}.items():
        for method, more in (("PUT", "&partNumber=1"), ("DELETE", ""), ("GET", "")):
            yield site.signed(f"upload: {name}, {method}", method, path, (400, 404), query=f"uploadId={upload}{more}", body=b"x" if method == "PUT" else b"")
    yield site.signed("upload: of another key", "PUT", site.object, (400, 404), query=f"uploadId={site.upload}&partNumber=1", body=b"x")
    for name, value in PART_RANGES.items():
        yield site.signed(f"copied part: {name}", "PUT", path, (400, 416), query=f"uploadId={site.upload}&partNumber=2",
                          headers={"x-amz-copy-source": site.object, "x-amz-copy-source-range": value})
    for name, headers in {"an unknown algorithm": {"x-amz-checksum-algorithm": "CRC16"}, "an unknown type": {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "HALF"},
                          "a type it cannot have": {"x-amz-checksum-algorithm": "SHA1", "x-amz-checksum-type": "FULL_OBJECT"},
                          "a type without an algorithm": {"x-amz-checksum-type": "x"}}.items():
        yield site.signed(f"a new upload: {name}", "POST", f"/{site.bucket}/new", query="uploads", headers=headers)
