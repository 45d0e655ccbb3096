"""Headers of server-side encryption: everything is encrypted anyway; what cannot be promised is refused."""
import base64

from .harness import BucketCase, expect, md5, rows

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
