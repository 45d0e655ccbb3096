"""Checksums: kept from the client or computed, shown when asked for, dropped when they would be wrong."""
import base64

from . import chunks, crc
from .chunks import SIGNED_TRAILER, UNSIGNED_TRAILER
from .harness import BucketCase, Case, client, expect, md5, parse_xml, pattern_bytes, quote_all, rows, texts

ALGORITHMS = {name: name for name in crc.DIGESTS}
BODY = b"The quick brown fox jumps over the lazy dog"
SHOW = {"x-amz-checksum-mode": "ENABLED"}
NONE = {crc.header(name): None for name in crc.DIGESTS} | {"x-amz-checksum-type": None}


def shown(algorithm: str, body: bytes) -> dict:
    """The headers of an answer that shows the checksum of a whole object, and no other."""
    return NONE | {crc.header(algorithm): crc.checksum(algorithm, body), "x-amz-checksum-type": "FULL_OBJECT"}


class Own(Case):
    @rows({name: (name, value) for name, value in
           {"CRC32": "y/Q5Jg==", "CRC32C": "4waSgw==", "CRC64NVME": "rosUhgp5mIg="}.items()})
    def test_check_value(self, algorithm, value):
        self.assertEqual(crc.checksum(algorithm, b"123456789"), value)


class Headers(BucketCase):
    @rows({f"{algorithm} of {what}": (algorithm, body) for algorithm in ALGORITHMS
           for what, body in (("a text", BODY), ("nothing", b""), ("bytes", pattern_bytes(5000)))})
    def test_is_kept_and_shown(self, algorithm, body):
        value = {crc.header(algorithm): crc.checksum(algorithm, body)}
        expect(self.send("PUT", body=body, headers=value), 200, shown(algorithm, body))
        expect(self.get(headers=SHOW), 200, shown(algorithm, body), body=body)
        expect(self.head(headers=SHOW), 200, shown(algorithm, body))
        expect(self.get(), 200, NONE, body=body)
        expect(self.head(), 200, NONE)

    @rows(ALGORITHMS)
    def test_of_another_body_stores_nothing(self, algorithm):
        value = {crc.header(algorithm): crc.checksum(algorithm, b"other")}
        expect(self.send("PUT", body=BODY, headers=value), 400, code="BadDigest")
        self.must_be_missing()

    @rows(ALGORITHMS)
    def test_little_endian_is_another(self, algorithm):
        value = base64.b64encode(crc.DIGESTS[algorithm](BODY)[::-1]).decode()
        expect(self.send("PUT", body=BODY, headers={crc.header(algorithm): value}), 400, code="BadDigest")
        self.must_be_missing()

    @rows({f"{algorithm} {what}": (algorithm, change) for algorithm in ALGORITHMS for what, change in {
        "short": lambda digest: base64.b64encode(digest[:-1]),
        "long": lambda digest: base64.b64encode(digest + b"x"),
        "hex": lambda digest: digest.hex().encode(), "no base64": lambda digest: b"*" * 12,
        "empty": lambda digest: b""}.items()})
    def test_that_is_none_stores_nothing(self, algorithm, change):
        value = change(crc.DIGESTS[algorithm](BODY)).decode()
        expect(self.send("PUT", body=BODY, headers={crc.header(algorithm): value}), 400,
               code="InvalidRequest")
        self.must_be_missing()

    @rows({"two": ("CRC32", "SHA256"), "two CRCs": ("CRC32C", "CRC64NVME")})
    def test_more_than_one_is_refused(self, one, other):
        values = {crc.header(name): crc.checksum(name, BODY) for name in (one, other)}
        expect(self.send("PUT", body=BODY, headers=values), 400, code="InvalidRequest")
        self.must_be_missing()

    def test_unknown_algorithm_is_refused(self):
        expect(self.send("PUT", body=BODY, headers={"x-amz-checksum-adler32": "AAAAAA=="}), 400,
               code="InvalidRequest")
        self.must_be_missing()

    @rows({"without a value": ({"x-amz-sdk-checksum-algorithm": "CRC32"}),
           "another than the value": ({"x-amz-sdk-checksum-algorithm": "SHA1",
                                       "x-amz-checksum-crc32": crc.checksum("CRC32", BODY)}),
           "unknown": ({"x-amz-sdk-checksum-algorithm": "ADLER32"})})
    def test_announced_algorithm_is_refused(self, headers):
        expect(self.send("PUT", body=BODY, headers=headers), 400, code="InvalidRequest")
        self.must_be_missing()

    def test_announced_algorithm_with_its_value(self):
        headers = {"x-amz-sdk-checksum-algorithm": "CRC32",
                   "x-amz-checksum-crc32": crc.checksum("CRC32", BODY)}
        expect(self.send("PUT", body=BODY, headers=headers), 200, shown("CRC32", BODY))

    def test_beside_content_md5(self):
        headers = {"Content-MD5": md5(BODY), "x-amz-checksum-crc32": crc.checksum("CRC32", BODY)}
        expect(self.send("PUT", body=BODY, headers=headers), 200, shown("CRC32", BODY))

    def test_right_with_a_wrong_content_md5(self):
        headers = {"Content-MD5": md5(b"other"), "x-amz-checksum-crc32": crc.checksum("CRC32", BODY)}
        expect(self.send("PUT", body=BODY, headers=headers), 400, code="BadDigest")
        self.must_be_missing()

    @rows({"text": BODY, "nothing": b"", "bytes": pattern_bytes(70_000)})
    def test_none_from_the_client_is_crc64nvme(self, body):
        expect(self.send("PUT", body=body), 200, shown("CRC64NVME", body))
        expect(self.get(headers=SHOW), 200, shown("CRC64NVME", body))

    def test_of_a_range_is_not_shown(self):
        self.put(BODY)
        expect(self.get(headers=SHOW | {"Range": "bytes=0-3"}), 206, NONE, body=BODY[:4])
        expect(self.head(headers=SHOW | {"Range": "bytes=0-3"}), 206, NONE)

    @rows({"lower case": "enabled", "other": "DISABLED"})
    def test_mode_of_another_word(self, mode):
        self.put(BODY)
        answer = expect(self.get(headers={"x-amz-checksum-mode": mode}), 200)
        if mode == "DISABLED":
            expect(answer, 200, NONE)

    def test_is_that_of_the_last_put(self):
        self.put(b"old")
        self.put(b"new")
        expect(self.get(headers=SHOW), 200, shown("CRC64NVME", b"new"))


class Trailers(BucketCase):
    @rows({f"{form} {algorithm}": (payload, algorithm) for algorithm in ALGORITHMS
           for form, payload in (("signed", SIGNED_TRAILER), ("unsigned", UNSIGNED_TRAILER))})
    def test_is_kept_and_shown(self, payload, algorithm):
        value = {crc.header(algorithm): crc.checksum(algorithm, BODY)}
        headers = {"x-amz-sdk-checksum-algorithm": algorithm}
        expect(chunks.send(self.path(), BODY, payload, trailers=value, headers=headers), 200,
               shown(algorithm, BODY))
        expect(self.get(headers=SHOW), 200, shown(algorithm, BODY), body=BODY)

    @rows(ALGORITHMS)
    def test_of_another_body_stores_nothing(self, algorithm):
        value = {crc.header(algorithm): crc.checksum(algorithm, b"other")}
        expect(chunks.send(self.path(), BODY, UNSIGNED_TRAILER, trailers=value), 400, code="BadDigest")
        self.must_be_missing()

    def test_in_header_and_trailer(self):
        value = {crc.header("CRC32"): crc.checksum("CRC32", BODY)}
        answer = chunks.send(self.path(), BODY, UNSIGNED_TRAILER, trailers=value,
                             headers={crc.header("SHA1"): crc.checksum("SHA1", BODY)})
        expect(answer, 400, code="InvalidRequest")
        self.must_be_missing()


class Elsewhere(BucketCase):
    @rows(ALGORITHMS)
    def test_is_in_the_attributes(self, algorithm):
        self.put(BODY, headers={crc.header(algorithm): crc.checksum(algorithm, BODY)})
        answer = self.get(query="attributes", headers={"x-amz-object-attributes": "Checksum"})
        document = parse_xml(expect(answer, 200))
        self.assertEqual(document.findtext("Checksum/Checksum" + algorithm), crc.checksum(algorithm, BODY))
        self.assertEqual(document.findtext("Checksum/ChecksumType"), "FULL_OBJECT")

    @rows({f"{algorithm} {listing or 'V1'}": (algorithm, listing) for algorithm in ("CRC32", "SHA256")
           for listing in ("", "list-type=2", "versions")})
    def test_algorithm_is_listed(self, algorithm, listing):
        self.put(BODY, headers={crc.header(algorithm): crc.checksum(algorithm, BODY)})
        query = (listing + "&" if listing else "") + "prefix=" + quote_all(self.key)
        page = parse_xml(expect(self.of_bucket("GET", query), 200))
        self.assertEqual(texts(page, "*/ChecksumAlgorithm"), [algorithm])
        self.assertEqual(texts(page, "*/ChecksumType"), ["FULL_OBJECT"])

    @rows(ALGORITHMS)
    def test_goes_with_a_copy(self, algorithm):
        self.put(BODY, "from", headers={crc.header(algorithm): crc.checksum(algorithm, BODY)})
        result = parse_xml(expect(self.send("PUT", headers={"x-amz-copy-source": f"{self.bucket}/from"}),
                                  200))
        self.assertEqual(result.findtext("Checksum" + algorithm), crc.checksum(algorithm, BODY))
        expect(self.get(headers=SHOW), 200, shown(algorithm, BODY), body=BODY)

    @rows(ALGORITHMS)
    def test_of_a_patch_is_verified(self, algorithm):
        self.put(BODY)
        header, at = crc.header(algorithm), {"Content-Range": "bytes 0-/*"}
        expect(self.send("PATCH", headers=at | {header: crc.checksum(algorithm, b"other")}, body=b"THE"), 400,
               code="BadDigest")
        self.must_be(BODY)
        expect(self.send("PATCH", headers=at | {header: crc.checksum(algorithm, b"THE")}, body=b"THE"), 200)
        self.must_be(b"THE" + BODY[3:])

    @rows(ALGORITHMS)
    def test_is_dropped_by_a_patch(self, algorithm):
        self.put(BODY, headers={crc.header(algorithm): crc.checksum(algorithm, BODY)})
        expect(self.send("PATCH", headers={"Content-Range": "bytes 0-/*"}, body=b"THE"), 200)
        expect(self.get(headers=SHOW), 200, NONE, body=b"THE" + BODY[3:])
        attributes = self.get(query="attributes", headers={"x-amz-object-attributes": "Checksum"})
        self.assertIsNone(parse_xml(expect(attributes, 200)).find("Checksum"))

    @rows({"by its header": crc.checksum("CRC32", b"other"), "cut": "AAAA"})
    def test_of_an_append_is_verified(self, value):
        self.put(BODY)
        code = "InvalidRequest" if value == "AAAA" else "BadDigest"
        headers = {"x-amz-write-offset-bytes": str(len(BODY)), "x-amz-checksum-crc32": value}
        expect(self.send("PUT", headers=headers, body=b"!"), 400, code=code)
        self.must_be(BODY)

    @rows({name: name for name in ("CRC32", "CRC32C", "CRC64NVME")})
    def test_of_the_whole_after_an_append(self, algorithm):
        self.put(BODY, headers={crc.header(algorithm): crc.checksum(algorithm, BODY)})
        headers = {"x-amz-write-offset-bytes": str(len(BODY)),
                   crc.header(algorithm): crc.checksum(algorithm, b"!!")}
        expect(self.send("PUT", headers=headers, body=b"!!"), 200, shown(algorithm, BODY + b"!!"))
        expect(self.get(headers=SHOW), 200, shown(algorithm, BODY + b"!!"), body=BODY + b"!!")

    def test_by_boto3(self):
        s3 = client()
        s3.put_object(Bucket=self.bucket, Key="boto", Body=BODY, ChecksumAlgorithm="SHA256")
        got = s3.get_object(Bucket=self.bucket, Key="boto", ChecksumMode="ENABLED")
        self.assertEqual(got["ChecksumSHA256"], crc.checksum("SHA256", BODY))
        self.assertEqual(got["Body"].read(), BODY)
