"""Headers of server-side encryption: everything is encrypted anyway; what cannot be promised is refused."""
import base64

from .harness import BucketCase, OwnBucketCase, call, expect, md5, parse_xml, rows, texts
from .topic_forms import FormCase
from .topic_policies import policy, statement

AES256 = {"x-amz-server-side-encryption": "AES256"}
KEY = bytes(range(32))
CUSTOMER = {"x-amz-server-side-encryption-customer-algorithm": "AES256",
            "x-amz-server-side-encryption-customer-key": base64.b64encode(KEY).decode(),
            "x-amz-server-side-encryption-customer-key-MD5": md5(KEY)}
NONE = {"x-amz-server-side-encryption": None}


class Aes256(BucketCase):
    def test_is_accepted_remembered_and_echoed(self):
        expect(self.send("PUT", body=b"content", headers=AES256), 200, AES256)
        expect(self.get(), 200, AES256, body=b"content")
        expect(self.head(), 200, AES256)
        expect(self.get(headers={"Range": "bytes=0-0"}), 206, AES256)

    def test_of_a_copy_is_echoed(self):
        self.put(key="source")
        copied = self.send("PUT", headers=AES256 | {"x-amz-copy-source": f"{self.bucket}/source"})
        expect(copied, 200, AES256)
        expect(self.head(), 200, AES256)

    def test_makes_a_copy_onto_itself_a_change(self):
        self.put()
        source = {"x-amz-copy-source": f"{self.bucket}/{self.key}"}
        expect(self.send("PUT", headers=AES256 | source), 200, AES256)
        expect(self.get(), 200, AES256, body=b"content")

    def test_stays_through_a_patch(self):
        expect(self.send("PUT", body=b"content", headers=AES256), 200)
        expect(self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"C"), 200)
        expect(self.get(), 200, AES256, body=b"Content")

    def test_is_not_told_of_the_next_object(self):
        expect(self.send("PUT", body=b"old", headers=AES256), 200)
        self.put(b"new")
        expect(self.head(), 200, NONE)

    @rows({"aws:kms": {"x-amz-server-side-encryption": "aws:kms"},
           "aws:kms:dsse": {"x-amz-server-side-encryption": "aws:kms:dsse"},
           "aws:kms with a key": {"x-amz-server-side-encryption": "aws:kms",
                                  "x-amz-server-side-encryption-aws-kms-key-id": "k"},
           "lower case": {"x-amz-server-side-encryption": "aes256"},
           "AES128": {"x-amz-server-side-encryption": "AES128"}})
    def test_others_are_refused(self, headers):
        expect(self.send("PUT", body=b"x", headers=headers), 400, code="InvalidArgument")
        self.must_be_missing()

    def test_key_of_kms_alone_is_refused(self):
        expect(self.send("PUT", body=b"x", headers={"x-amz-server-side-encryption-aws-kms-key-id": "k"}), 400,
               code="InvalidArgument")
        self.must_be_missing()


def configuration(algorithm: str = "AES256", more: str = "", key: str = "") -> bytes:
    """`more`: of the rule; `key`: of KMS."""
    return (f"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>{algorithm}"
            f"</SSEAlgorithm>{key}</ApplyServerSideEncryptionByDefault>{more}</Rule>"
            "</ServerSideEncryptionConfiguration>").encode()


class OfBuckets(OwnBucketCase):
    def must_say(self, bucket_key: str):
        root = parse_xml(expect(self.of_bucket("GET", "encryption"), 200, {"Content-Type": "application/xml"}))
        self.assertEqual(root.tag, "ServerSideEncryptionConfiguration")
        self.assertEqual(texts(root, "Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm"), ["AES256"])
        self.assertEqual(texts(root, "Rule/BucketKeyEnabled"), [bucket_key])

    @rows({"plain": ("", "false"), "with a bucket key": ("<BucketKeyEnabled>true</BucketKeyEnabled>", "true"),
           "without one": ("<BucketKeyEnabled>false</BucketKeyEnabled>", "false")})
    def test_is_put_read_and_deleted(self, more, bucket_key):
        self.must_say("false")  # as S3: a bucket that nobody has configured is encrypted too
        expect(self.of_bucket("PUT", "encryption", body=configuration(more=more)), 200, body=b"")
        self.must_say(bucket_key)
        expect(self.of_bucket("DELETE", "encryption"), 204)
        self.must_say("false")
        expect(self.of_bucket("DELETE", "encryption"), 204)

    @rows({"aws:kms": (configuration("aws:kms"), "InvalidArgument"),
           "aws:kms:dsse": (configuration("aws:kms:dsse"), "InvalidArgument"),
           "a key of KMS": (configuration(key="<KMSMasterKeyID>k</KMSMasterKeyID>"), "InvalidArgument"),
           "AES128": (configuration("AES128"), "MalformedXML"), "lower case": (configuration("aes256"), "MalformedXML"),
           "no algorithm": (configuration().replace(b"<SSEAlgorithm>AES256</SSEAlgorithm>", b""), "MalformedXML"),
           "two rules": (configuration().replace(b"</Rule>", b"</Rule><Rule/>"), "MalformedXML"),
           "bucket key": (configuration(more="<BucketKeyEnabled>maybe</BucketKeyEnabled>"), "MalformedXML"),
           "another document": (b"<x/>", "MalformedXML"), "empty": (b"", "MalformedXML")})
    def test_is_refused_and_does_nothing(self, body, code):
        expect(self.of_bucket("PUT", "encryption", body=body), 400, code=code)
        self.put()
        expect(self.head(), 200, NONE)

    @rows({method: method for method in ("GET", "PUT", "DELETE")})
    def test_of_no_bucket(self, method):
        body = configuration() if method == "PUT" else b""
        expect(call(method, f"/{self.bucket}-none", query="encryption", body=body), 404, code="NoSuchBucket")

    @rows({"PUT": ("PUT", "s3:PutEncryptionConfiguration", 200), "DELETE": ("DELETE", "s3:PutEncryptionConfiguration",
                                                                         204)})
    def test_needs_its_action(self, method, action, status):
        body = configuration() if method == "PUT" else b""
        expect(self.of_bucket(method, "encryption", body=body, auth="none"), 403, code="AccessDenied")
        expect(self.of_bucket("PUT", "policy", body=policy(statement(self.bucket, action))), 204)
        expect(self.of_bucket(method, "encryption", body=body, auth="none"), status)

    def test_objects_that_are_put_then_say_so(self):
        self.put(b"before", "before")
        expect(self.of_bucket("PUT", "encryption", body=configuration()), 200)
        expect(self.send("PUT", body=b"content"), 200, AES256)
        expect(self.get(), 200, AES256, body=b"content")
        expect(self.head(), 200, AES256)
        expect(self.send("PATCH", headers={"Content-Range": "bytes 0-0/*"}, body=b"C"), 200)
        expect(self.head(), 200, AES256)
        expect(self.send("PUT", "new", headers={"x-amz-write-offset-bytes": "0"}, body=b"x"), 200, AES256)
        expect(self.head("before"), 200, NONE)
        expect(self.of_bucket("DELETE", "encryption"), 204)
        self.put(b"after", "after")
        expect(self.head("after"), 200, NONE)
        expect(self.head(), 200, AES256)

    def test_copies_then_say_so(self):
        self.put(key="source")
        expect(self.of_bucket("PUT", "encryption", body=configuration()), 200)
        expect(self.send("PUT", headers={"x-amz-copy-source": f"{self.bucket}/source"}), 200, AES256)
        expect(self.head(), 200, AES256)
        expect(self.head("source"), 200, NONE)

    def test_uploads_then_say_so(self):
        expect(self.of_bucket("PUT", "encryption", body=configuration()), 200)
        created = parse_xml(expect(self.send("POST", query="uploads"), 200, AES256))
        query = f"uploadId={created.findtext('UploadId')}"
        part = expect(self.send("PUT", query=f"partNumber=1&{query}", body=b"part"), 200, AES256)
        body = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.get('ETag')}</ETag></Part>"
                "</CompleteMultipartUpload>").encode()
        for _ in range(2):  # a repeat is answered as the first was
            expect(self.send("POST", query=query, body=body), 200, AES256)
        expect(self.head(), 200, AES256)


class OfForms(FormCase):
    def test_say_so_where_the_bucket_does(self):
        expect(self.of_bucket("PUT", "encryption", body=configuration()), 200)
        expect(self.post(self.form()), 204, AES256)
        expect(self.head(), 200, AES256)


class CustomerKeys(BucketCase):
    """Not built: 501. A plain answer would promise what is not done."""

    @rows({"PUT": ("PUT", b"x", {}), "append": ("PUT", b"x", {"x-amz-write-offset-bytes": "7"}),
           "PATCH": ("PATCH", b"x", {"Content-Range": "bytes 0-0/*"}), "GET": ("GET", b"", {}),
           "HEAD": ("HEAD", b"", {})})
    def test_is_not_served(self, method, body, headers):
        self.put()
        expect(self.send(method, body=body, headers=CUSTOMER | headers), 501, code="NotImplemented")
        self.must_be(b"content")

    @rows({name: name for name in CUSTOMER})
    def test_alone_is_not_served_either(self, name):
        expect(self.send("PUT", body=b"x", headers={name: CUSTOMER[name]}), 501, code="NotImplemented")
        self.must_be_missing()

    @rows({"of the target": CUSTOMER, "of the source": {
        name.replace("x-amz-", "x-amz-copy-source-"): value for name, value in CUSTOMER.items()}})
    def test_of_a_copy_is_not_served(self, headers):
        self.put(key="source")
        expect(self.send("PUT", headers=headers | {"x-amz-copy-source": f"{self.bucket}/source"}), 501,
               code="NotImplemented")
        self.must_be_missing()

    def test_of_an_upload_is_not_served(self):
        expect(self.send("POST", query="uploads", headers=CUSTOMER), 501, code="NotImplemented")

    def test_key_is_not_told(self):
        answer = self.send("PUT", body=b"x", headers=CUSTOMER)
        self.assertNotIn(CUSTOMER["x-amz-server-side-encryption-customer-key"].encode(), answer.body)
