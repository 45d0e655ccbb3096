"""Ownership controls: objects belong to the owner of their bucket, and that is all that can be said."""
from .harness import OwnBucketCase, call, expect, parse_xml, rows, texts
from .topic_policies import policy, statement

ENFORCED = "BucketOwnerEnforced"


def document(*ownerships: str) -> bytes:
    one = "".join(f"<Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule>" for ownership in ownerships)
    return f"<OwnershipControls>{one}</OwnershipControls>".encode()


class Controls(OwnBucketCase):
    def must_say_enforced(self):
        root = parse_xml(expect(self.of_bucket("GET", "ownershipControls"), 200, {"Content-Type": "application/xml"}))
        self.assertEqual((root.tag, texts(root, "Rule/ObjectOwnership")), ("OwnershipControls", [ENFORCED]))

    def test_are_there_from_the_beginning(self):
        self.must_say_enforced()

    def test_are_put_deleted_and_put_again(self):
        for _ in range(2):
            expect(self.of_bucket("PUT", "ownershipControls", body=document(ENFORCED)), 200, body=b"")
            self.must_say_enforced()
            expect(self.of_bucket("DELETE", "ownershipControls"), 204)
            expect(self.of_bucket("GET", "ownershipControls"), 404, code="OwnershipControlsNotFoundError")
            expect(self.of_bucket("DELETE", "ownershipControls"), 204)

    def test_deleted_or_not_acls_do_not_count(self):
        expect(self.of_bucket("DELETE", "ownershipControls"), 204)
        expect(self.send("PUT", body=b"x", headers={"x-amz-acl": "public-read"}), 400,
               code="AccessControlListNotSupported")

    @rows({"BucketOwnerPreferred": (document("BucketOwnerPreferred"), 501, "NotImplemented"),
           "ObjectWriter": (document("ObjectWriter"), 501, "NotImplemented"),
           "another": (document("Nobody"), 400, "MalformedXML"), "two rules": (document(ENFORCED, ENFORCED), 400,
                                                                              "MalformedXML"),
           "no rule": (document(), 400, "MalformedXML"), "empty": (b"", 400, "MalformedXML"),
           "another document": (b"<x/>", 400, "MalformedXML")})
    def test_others_are_refused(self, body, status, code):
        expect(self.of_bucket("PUT", "ownershipControls", body=body), status, code=code)
        self.must_say_enforced()

    @rows({method: method for method in ("GET", "PUT", "DELETE")})
    def test_of_no_bucket(self, method):
        body = document(ENFORCED) if method == "PUT" else b""
        expect(call(method, f"/{self.bucket}-none", query="ownershipControls", body=body), 404, code="NoSuchBucket")

    @rows({"GET": ("GET", "s3:GetBucketOwnershipControls", 200), "PUT": ("PUT", "s3:PutBucketOwnershipControls", 200),
           "DELETE": ("DELETE", "s3:PutBucketOwnershipControls", 204)})
    def test_need_their_action(self, method, action, status):
        body = document(ENFORCED) if method == "PUT" else b""
        expect(self.of_bucket(method, "ownershipControls", body=body, auth="none"), 403, code="AccessDenied")
        expect(self.of_bucket("PUT", "policy", body=policy(statement(self.bucket, action))), 204)
        expect(self.of_bucket(method, "ownershipControls", body=body, auth="none"), status)
