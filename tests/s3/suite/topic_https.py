"""The same over TLS, where the environment names an HTTPS endpoint; without one there are no cases here."""
from . import chunks, crc, wire
from .harness import BucketCase, call, client, expect, md5, pattern_bytes
from .pending import PENDING
from .signing import UNSIGNED

if wire.https_endpoint() is None:
    PENDING["https: all"] = "PBFS_S3_HTTPS_ENDPOINT is not set"
else:
    class Https(BucketCase):
        def over_tls(self, method, **options):
            return call(method, self.path(), endpoint=wire.https_endpoint(), **options)

        def test_put_is_read_by_either(self):
            body = pattern_bytes(3 << 20)
            expect(self.over_tls("PUT", body=body), 200)
            expect(self.over_tls("GET"), 200, body=body)
            self.must_be(body)

        def test_unsigned_payload(self):
            expect(self.over_tls("PUT", body=b"x", payload=UNSIGNED, headers={"Content-MD5": md5(b"x")}), 200)
            self.must_be(b"x")

        def test_patch(self):
            self.put()
            expect(self.over_tls("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"C"), 200)
            self.must_be(b"Content")

        def test_presigned(self):
            self.put()
            expect(self.over_tls("GET", auth="query"), 200, body=b"content")

        def test_unsigned_trailer(self):
            trailers = {"x-amz-checksum-crc32": crc.checksum("CRC32", b"body")}
            expect(chunks.send(self.path(), b"body", chunks.UNSIGNED_TRAILER, trailers=trailers,
                               endpoint=wire.https_endpoint()), 200)
            self.must_be(b"body")

        def test_anonymous(self):
            expect(self.over_tls("GET", auth="none"), 403, code="AccessDenied")

        def test_by_boto3(self):
            s3 = client(wire.https_endpoint())
            s3.put_object(Bucket=self.bucket, Key=self.key, Body=b"by boto3")
            self.assertEqual(s3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read(), b"by boto3")
