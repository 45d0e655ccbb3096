"""Bucket policies: the documents, and who may do what by them, seen by a client without credentials."""
import json

from .chunks import SIGNED
from .harness import BucketCase, call, drop_bucket, expect, make_bucket, md5, parse_xml, rows, tagging, texts

DELETE_ONE = b"<Delete><Object><Key>object</Key></Object></Delete>"


def statement(bucket: str, action, effect: str = "Allow", resource=None,
              condition: dict | None = None) -> dict:
    """Of everybody; usually about the bucket and all in it."""
    arn = f"arn:aws:s3:::{bucket}"
    found = {"Effect": effect, "Principal": "*", "Action": action, "Resource": resource or [arn, arn + "/*"]}
    return found | ({"Condition": condition} if condition else {})


def policy(*statements: dict) -> bytes:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).encode()


class PolicyCase(BucketCase):
    """The policy of the bucket goes with its case."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.of_bucket, "DELETE", "policy")

    def set_policy(self, *statements):
        expect(self.of_bucket("PUT", "policy", body=policy(*statements)), 204)

    def allow(self, action, **options):
        self.set_policy(statement(self.bucket, action, **options))

    def anonymously(self, method, key=None, **options):
        return self.send(method, key, auth="none", **options)


class Documents(PolicyCase):
    def test_is_put_read_and_deleted(self):
        document = policy(statement(self.bucket, "s3:GetObject"))
        expect(self.of_bucket("PUT", "policy", body=document), 204)
        answer = expect(self.of_bucket("GET", "policy"), 200, {"Content-Type": "application/json"})
        self.assertEqual(json.loads(answer.body), json.loads(document))
        expect(self.of_bucket("DELETE", "policy"), 204)
        expect(self.of_bucket("GET", "policy"), 404, code="NoSuchBucketPolicy")
        expect(self.of_bucket("DELETE", "policy"), 204)

    @rows({"everybody": ("Allow", None, "true"), "nobody": ("Deny", None, "false"),
           "one network": ("Allow", {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, "false")})
    def test_status_says_whether_it_is_public(self, effect, condition, public):
        self.allow("s3:GetObject", effect=effect, condition=condition)
        document = parse_xml(expect(self.of_bucket("GET", "policyStatus"), 200))
        self.assertEqual((document.tag, document.findtext("IsPublic")), ("PolicyStatus", public))

    @rows({"empty": "", "no JSON": "{", "a list": "[]", "no Statement": '{"Version": "2012-10-17"}',
           "no statements": '{"Statement": []}',
           "unknown version": '{"Version": "2030-01-01", "Statement": [ONE]}',
           "unknown element": '{"Statement": [ONE], "Colour": "red"}',
           "text behind it": '{"Statement": [ONE]} x',
           "effect": ("Effect", "Maybe"), "principal": ("Principal", {"Federated": "x"}),
           "action": ("Action", "ec2:Start"),
           "another bucket": ("Resource", "arn:aws:s3:::other-bucket/*"), "no ARN": ("Resource", "*"),
           "NotAction": ("NotAction", "s3:GetObject"), "NotPrincipal": ("NotPrincipal", "*"),
           "condition key": ("Condition", {"StringEquals": {"aws:UserAgent": "x"}}),
           "condition key of s3": ("Condition", {"StringEquals": {"s3:colour": "x"}}),
           "condition operator": ("Condition", {"StringAlmost": {"s3:prefix": "x"}}),
           "condition value": ("Condition", {"IpAddress": {"aws:SourceIp": "localhost"}}),
           "number": ("Condition", {"NumericLessThan": {"s3:max-keys": "many"}}),
           "date": ("Condition", {"DateLessThan": {"aws:CurrentTime": "tomorrow"}}),
           "condition without operator": ("Condition", {"s3:prefix": "x"})})
    def test_is_refused_and_the_old_one_stays(self, *what):
        one = statement(self.bucket, "s3:GetObject")
        self.set_policy(one)
        if len(what) == 2:
            document = policy(one | {what[0]: what[1]})
        else:
            document = what[0].replace("ONE", json.dumps(one)).encode()
        expect(self.of_bucket("PUT", "policy", body=document), 400, code="MalformedPolicy")
        self.assertEqual(json.loads(expect(self.of_bucket("GET", "policy"), 200).body)["Statement"], [one])

    @rows({name: name for name in ("Effect", "Principal", "Action", "Resource")})
    def test_needs(self, name):
        one = statement(self.bucket, "s3:GetObject")
        del one[name]
        expect(self.of_bucket("PUT", "policy", body=policy(one)), 400, code="MalformedPolicy")

    def test_of_20_kib_at_most(self):
        arn = f"arn:aws:s3:::{self.bucket}/"
        body = policy(statement(self.bucket, "s3:GetObject", resource=[arn + "k" * 1000 for _ in range(25)]))
        answer = self.of_bucket("PUT", "policy", body=body)
        self.assertEqual(answer.status, 400)
        expect(self.of_bucket("GET", "policy"), 404, code="NoSuchBucketPolicy")

    def test_does_not_outlive_its_bucket(self):
        self.bucket = make_bucket()
        self.addCleanup(drop_bucket, self.bucket)
        self.allow("s3:*")
        expect(call("DELETE", f"/{self.bucket}"), 204)
        expect(call("PUT", f"/{self.bucket}"), 200)
        expect(self.of_bucket("GET", "policy"), 404, code="NoSuchBucketPolicy")
        expect(self.of_bucket("GET", auth="none"), 403, code="AccessDenied")


# operation -> action, method, is it of the object, query, headers, body, status
OPERATIONS = {
    "GET": ("s3:GetObject", "GET", True, "", {}, b"", 200),
    "HEAD": ("s3:GetObject", "HEAD", True, "", {}, b"", 200),
    "GET of a range": ("s3:GetObject", "GET", True, "", {"Range": "bytes=0-0"}, b"", 206),
    "PUT": ("s3:PutObject", "PUT", True, "", {}, b"new", 200),
    "PATCH": ("s3:PutObject", "PATCH", True, "", {"Content-Range": "bytes 0-0/*"}, b"C", 200),
    "append": ("s3:PutObject", "PUT", True, "", {"x-amz-write-offset-bytes": "7"}, b"C", 200),
    "DELETE": ("s3:DeleteObject", "DELETE", True, "", {}, b"", 204),
    "GET tagging": ("s3:GetObjectTagging", "GET", True, "tagging", {}, b"", 200),
    "PUT tagging": ("s3:PutObjectTagging", "PUT", True, "tagging", {}, tagging({"a": "b"}), 200),
    "DELETE tagging": ("s3:DeleteObjectTagging", "DELETE", True, "tagging", {}, b"", 204),
    "GET object acl": ("s3:GetObjectAcl", "GET", True, "acl", {}, b"", 200),
    "HEAD bucket": ("s3:ListBucket", "HEAD", False, "", {}, b"", 200),
    "list": ("s3:ListBucket", "GET", False, "", {}, b"", 200),
    "list V2": ("s3:ListBucket", "GET", False, "list-type=2", {}, b"", 200),
    "list versions": ("s3:ListBucketVersions", "GET", False, "versions", {}, b"", 200),
    "location": ("s3:GetBucketLocation", "GET", False, "location", {}, b"", 200),
    "versioning": ("s3:GetBucketVersioning", "GET", False, "versioning", {}, b"", 200),
    "bucket acl": ("s3:GetBucketAcl", "GET", False, "acl", {}, b"", 200),
    "PUT bucket tagging": ("s3:PutBucketTagging", "PUT", False, "tagging", {}, tagging({"a": "b"}), 204),
    "DELETE bucket tagging": ("s3:PutBucketTagging", "DELETE", False, "tagging", {}, b"", 204),
    "encryption": ("s3:GetEncryptionConfiguration", "GET", False, "encryption", {}, b"", 200),
    "DELETE encryption": ("s3:PutEncryptionConfiguration", "DELETE", False, "encryption", {}, b"", 204),
    "DELETE public access block": ("s3:PutBucketPublicAccessBlock", "DELETE", False, "publicAccessBlock", {}, b"", 204),
    "DELETE ownership controls": ("s3:PutBucketOwnershipControls", "DELETE", False, "ownershipControls", {}, b"", 204),
    "GET policy": ("s3:GetBucketPolicy", "GET", False, "policy", {}, b"", 200),
    "DELETE policy": ("s3:DeleteBucketPolicy", "DELETE", False, "policy", {}, b"", 204),
    "DELETE cors": ("s3:PutBucketCORS", "DELETE", False, "cors", {}, b"", 204),
    "DELETE lifecycle": ("s3:PutLifecycleConfiguration", "DELETE", False, "lifecycle", {}, b"", 204),
}


class Actions(PolicyCase):
    def setUp(self):
        super().setUp()
        self.put(key="object")

    def ask(self, method, of_object, query, headers, body):
        path = f"/{self.bucket}" + ("/object" if of_object else "")
        return call(method, path, query=query, headers=headers, body=body, auth="none")

    @rows(OPERATIONS)
    def test_alone_allows(self, action, method, of_object, query, headers, body, status):
        self.allow(action)
        expect(self.ask(method, of_object, query, headers, body), status)

    @rows(OPERATIONS)
    def test_all_but_it_do_not_allow(self, action, method, of_object, query, headers, body, _):
        self.set_policy(statement(self.bucket, "s3:*"), statement(self.bucket, action, "Deny"))
        expect(self.ask(method, of_object, query, headers, body), 403, code="AccessDenied")
        self.must_be_as_it_was(action)

    def must_be_as_it_was(self, action):
        expect(self.of_bucket("DELETE", "policy"), 204)
        self.must_be(b"content", "object")

    def test_delete_objects_asks_for_each_key(self):
        self.put(key="kept/object")
        arn = f"arn:aws:s3:::{self.bucket}/"
        self.set_policy(statement(self.bucket, "s3:DeleteObject", resource=arn + "object"))
        body = DELETE_ONE.replace(b"</Delete>", b"<Object><Key>kept/object</Key></Object></Delete>")
        answer = self.of_bucket("POST", "delete", body=body, headers={"Content-MD5": md5(body)}, auth="none")
        result = parse_xml(expect(answer, 200))
        self.assertEqual(texts(result, "Deleted/Key"), ["object"])
        self.assertEqual((texts(result, "Error/Key"), texts(result, "Error/Code")),
                         (["kept/object"], ["AccessDenied"]))
        self.must_be(b"content", "kept/object")

    def test_delete_objects_heeds_what_the_owner_is_denied(self):
        self.put(key="kept/object")
        self.allow("s3:DeleteObject", effect="Deny", resource=f"arn:aws:s3:::{self.bucket}/kept/*")
        body = DELETE_ONE.replace(b"</Delete>", b"<Object><Key>kept/object</Key></Object></Delete>")
        answer = self.of_bucket("POST", "delete", body=body, headers={"Content-MD5": md5(body)})
        result = parse_xml(expect(answer, 200))
        self.assertEqual(texts(result, "Deleted/Key"), ["object"])
        self.assertEqual((texts(result, "Error/Key"), texts(result, "Error/Code")),
                         (["kept/object"], ["AccessDenied"]))
        self.must_be(b"content", "kept/object")

    @rows({"source only": ("s3:GetObject", 403), "target only": ("s3:PutObject", 403),
           "both": (["s3:GetObject", "s3:PutObject"], 200)})
    def test_copy_needs_both(self, action, status):
        self.allow(action)
        answer = self.anonymously("PUT", "copy", headers={"x-amz-copy-source": f"{self.bucket}/object"})
        expect(answer, status, code=None if status == 200 else "AccessDenied")

    def test_rename_needs_to_delete_its_source(self):
        self.allow(["s3:PutObject", "s3:GetObject"])
        answer = self.anonymously("PUT", "renamed", query="renameObject",
                                  headers={"x-amz-rename-source": "object"})
        expect(answer, 403, code="AccessDenied")
        self.must_be(b"content", "object")

    @rows({"one of its prefix": ("s3:Get*", 200), "star": ("*", 200), "all of s3": ("s3:*", 200),
           "lower case": ("s3:getobject", 200),
           "question mark": ("s3:GetObjec?", 200), "another": ("s3:GetObjectTagging", 403),
           "prefix of its name": ("s3:GetObj", 403),
           "list with it": (["s3:PutObject", "s3:GetObject"], 200)})
    def test_may_have_wildcards(self, action, status):
        self.allow(action)
        expect(self.anonymously("GET", "object"), status, code=None if status == 200 else "AccessDenied")

    @rows({"the key": ("object", 200), "its prefix": ("obj*", 200), "star": ("*", 200),
           "question mark": ("objec?", 200), "another": ("other", 403),
           "only a prefix": ("obj", 403), "of another case": ("Object", 403), "a folder": ("object/*", 403)})
    def test_resource_may_be(self, resource, status):
        self.allow("s3:GetObject", resource=f"arn:aws:s3:::{self.bucket}/{resource}")
        expect(self.anonymously("GET", "object"), status, code=None if status == 200 else "AccessDenied")


class Effects(PolicyCase):
    def test_without_a_policy_nothing_is_allowed(self):
        self.put()
        expect(self.anonymously("GET"), 403, code="AccessDenied")

    def test_deny_beats_allow_in_any_order(self):
        self.put()
        allow, deny = statement(self.bucket, "s3:*"), statement(self.bucket, "s3:GetObject", "Deny")
        for order in ((allow, deny), (deny, allow)):
            self.set_policy(*order)
            expect(self.anonymously("GET"), 403, code="AccessDenied")

    def test_deny_holds_for_the_owner(self):
        self.put()
        self.allow("s3:DeleteObject", effect="Deny")
        expect(self.send("DELETE"), 403, code="AccessDenied")
        self.must_be(b"content")
        expect(self.of_bucket("DELETE", "policy"), 204)

    def test_deny_by_the_clock_holds(self):
        self.put()
        since = {"DateGreaterThan": {"aws:CurrentTime": "2000-01-01T00:00:00Z"}}
        self.set_policy(statement(self.bucket, "s3:GetObject"),
                        statement(self.bucket, "s3:GetObject", "Deny", condition=since))
        expect(self.anonymously("GET"), 403, code="AccessDenied")

    def test_owner_can_repair_a_policy_that_denies_all(self):
        self.allow("s3:*", effect="Deny")
        expect(self.of_bucket("GET"), 403, code="AccessDenied")
        expect(self.of_bucket("GET", "policy"), 200)
        self.allow("s3:GetObject")
        self.allow("s3:*", effect="Deny")
        expect(self.of_bucket("DELETE", "policy"), 204)
        expect(self.of_bucket("GET"), 200)

    def test_takes_effect_and_ends_at_once(self):
        self.put()
        for _ in range(3):
            self.allow("s3:GetObject")
            expect(self.anonymously("GET"), 200, body=b"content")
            expect(self.of_bucket("DELETE", "policy"), 204)
            expect(self.anonymously("GET"), 403, code="AccessDenied")

    def test_does_not_open_other_buckets(self):
        other = BucketCase()
        other.bucket, other.key = self.bucket + "x", "key"
        expect(call("PUT", f"/{other.bucket}"), 200)
        self.addCleanup(call, "DELETE", f"/{other.bucket}")
        self.allow("s3:*")
        expect(other.of_bucket("GET", auth="none"), 403, code="AccessDenied")

    @rows({"who may list": (["s3:GetObject", "s3:ListBucket"], 404, "NoSuchKey"),
           "who may not": ("s3:GetObject", 403, "AccessDenied")})
    def test_missing_key_is_told_to(self, action, status, code):
        self.allow(action)
        expect(self.anonymously("GET", "nothing"), status, code=code)
        expect(self.anonymously("HEAD", "nothing"), status, code=code)

    def test_overrides_need_a_signature(self):
        self.put()
        self.allow("s3:GetObject")
        expect(self.anonymously("GET", query="response-content-type=a%2Fb"), 400, code="InvalidRequest")

    def test_signed_chunks_need_a_signature(self):
        self.allow("s3:PutObject")
        headers = {"x-amz-content-sha256": SIGNED, "x-amz-decoded-content-length": "1"}
        expect(self.anonymously("PUT", headers=headers, body=b"x"), 403, code="AccessDenied")

    def test_digest_of_an_anonymous_body_is_checked(self):
        self.allow("s3:PutObject")
        expect(self.anonymously("PUT", headers={"x-amz-content-sha256": "0" * 64}, body=b"x"), 400,
               code="XAmzContentSHA256Mismatch")
        self.must_be_missing()

    def test_service_and_bucket_stay_closed(self):
        self.allow("s3:*")
        expect(call("GET", "/", auth="none"), 403, code="AccessDenied")
        expect(call("PUT", f"/{self.bucket}-new", auth="none"), 403, code="AccessDenied")

    @rows({"star": "*", "AWS star": {"AWS": "*"}, "list": {"AWS": ["*"]}})
    def test_everybody_may_be_written(self, principal):
        self.put()
        self.set_policy(statement(self.bucket, "s3:GetObject") | {"Principal": principal})
        expect(self.anonymously("GET"), 200)

    def test_somebody_is_not_everybody(self):
        self.put()
        self.set_policy(statement(self.bucket,
                                  "s3:GetObject") | {"Principal": {"AWS": "arn:aws:iam::1:user/somebody"}})
        expect(self.anonymously("GET"), 403, code="AccessDenied")


LIST, GET, PUT = "s3:ListBucket", "s3:GetObject", "s3:PutObject"
# condition -> action, query or headers of the request, allowed
CONDITIONS = {
    "prefix": ({"StringEquals": {"s3:prefix": "a/"}}, LIST, "prefix=a/", True),
    "another prefix": ({"StringEquals": {"s3:prefix": "a/"}}, LIST, "prefix=b/", False),
    "no prefix": ({"StringEquals": {"s3:prefix": "a/"}}, LIST, "", False),
    "no prefix, if exists": ({"StringEqualsIfExists": {"s3:prefix": "a/"}}, LIST, "", True),
    "another prefix, if exists": ({"StringEqualsIfExists": {"s3:prefix": "a/"}}, LIST, "prefix=b/", False),
    "one of two": ({"StringEquals": {"s3:prefix": ["a/", "b/"]}}, LIST, "prefix=b/", True),
    "like": ({"StringLike": {"s3:prefix": "a/*"}}, LIST, "prefix=a/b/c", True),
    "not like": ({"StringNotLike": {"s3:prefix": "a/*"}}, LIST, "prefix=a/b", False),
    "like no other": ({"StringLike": {"s3:prefix": "a/*"}}, LIST, "prefix=b", False),
    "stars are no wildcards": ({"StringEquals": {"s3:prefix": "a*"}}, LIST, "prefix=ab", False),
    "not equal": ({"StringNotEquals": {"s3:prefix": "a"}}, LIST, "prefix=b", True),
    "not equal, but equal": ({"StringNotEquals": {"s3:prefix": "a"}}, LIST, "prefix=a", False),
    "none of two": ({"StringNotEquals": {"s3:prefix": ["a", "b"]}}, LIST, "prefix=b", False),
    "case counts": ({"StringEquals": {"s3:prefix": "A"}}, LIST, "prefix=a", False),
    "case ignored": ({"StringEqualsIgnoreCase": {"s3:prefix": "A"}}, LIST, "prefix=a", True),
    "name of the key in another case": ({"StringEquals": {"S3:Prefix": "a"}}, LIST, "prefix=a", True),
    "delimiter": ({"StringEquals": {"s3:delimiter": "/"}}, LIST, "delimiter=/", True),
    "another delimiter": ({"StringEquals": {"s3:delimiter": "/"}}, LIST, "delimiter=|", False),
    "max-keys at most": ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, LIST, "max-keys=10", True),
    "max-keys above": ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, LIST, "max-keys=11", False),
    "max-keys below": ({"NumericLessThan": {"s3:max-keys": 10}}, LIST, "max-keys=10", False),
    "max-keys equal": ({"NumericEquals": {"s3:max-keys": "7"}}, LIST, "max-keys=007", True),
    "max-keys greater": ({"NumericGreaterThan": {"s3:max-keys": "5"}}, LIST, "max-keys=6", True),
    "max-keys not equal": ({"NumericNotEquals": {"s3:max-keys": "5"}}, LIST, "max-keys=5", False),
    "both": ({"StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"}}, LIST, "prefix=a&delimiter=/", True),
    "one of both": ({"StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"}}, LIST, "prefix=a", False),
    "two operators": ({"StringEquals": {"s3:prefix": "a"}, "NumericLessThan": {"s3:max-keys": "5"}}, LIST,
                      "prefix=a&max-keys=9", False),
    "null": ({"Null": {"s3:prefix": "true"}}, LIST, "", True),
    "null, but given": ({"Null": {"s3:prefix": "true"}}, LIST, "prefix=a", False),
    "not null": ({"Null": {"s3:prefix": "false"}}, LIST, "prefix=a", True),
    "not null, but missing": ({"Null": {"s3:prefix": "false"}}, LIST, "", False),
    "our address": ({"IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1"]}}, GET, {}, True),
    "one address": ({"IpAddress": {"aws:SourceIp": ["127.0.0.1", "::1/128"]}}, GET, {}, True),
    "another network": ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, GET, {}, False),
    "not another network": ({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, GET, {}, True),
    "not our network": ({"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1"]}}, GET, {}, False),
    "forged address": (
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, GET, {"X-Forwarded-For": "192.0.2.1"}, False),
    "plain": ({"Bool": {"aws:SecureTransport": "false"}}, GET, {}, True),
    "TLS only": ({"Bool": {"aws:SecureTransport": "true"}}, GET, {}, False),
    "boolean of JSON": ({"Bool": {"aws:SecureTransport": False}}, GET, {}, True),
    "before 2100": ({"DateLessThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"}}, GET, {}, True),
    "after 2100": ({"DateGreaterThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"}}, GET, {}, False),
    "acl": ({"StringEquals": {"s3:x-amz-acl": "private"}}, PUT, {"x-amz-acl": "private"}, True),
    "no acl": ({"StringEquals": {"s3:x-amz-acl": "private"}}, PUT, {}, False),
    "tag of the object": ({"StringEquals": {"s3:ExistingObjectTag/a": "1"}}, GET, {}, True),
    "other value of the tag": ({"StringEquals": {"s3:ExistingObjectTag/a": "2"}}, GET, {}, False),
    "other tag": ({"StringEquals": {"s3:ExistingObjectTag/b": "1"}}, GET, {}, False),
    "tag in another case": ({"StringEquals": {"s3:ExistingObjectTag/A": "1"}}, GET, {}, False),
    "tag of the request": ({"StringEquals": {"s3:RequestObjectTag/x": "1"}}, PUT, {"x-amz-tagging": "x=1"},
                           True),
    "other tag of the request": ({"StringEquals": {"s3:RequestObjectTag/x": "1"}}, PUT,
                                 {"x-amz-tagging": "x=2"}, False),
    "nobody's name": ({"StringLike": {"aws:username": "*"}}, GET, {}, False),
}


class Conditions(PolicyCase):
    @rows(CONDITIONS)
    def test_on(self, condition, action, how, allowed):
        self.put(key="object", headers={"x-amz-tagging": "a=1"})
        self.allow(action, condition=condition)
        if action == LIST:
            answer = self.of_bucket("GET", how, auth="none")
        else:
            answer = self.anonymously("GET" if action == GET else "PUT", "object", headers=how,
                                      body=b"" if action == GET else b"x")
        expect(answer, 200 if allowed else 403, code=None if allowed else "AccessDenied")
