"""Public access block: what of public access a bucket refuses, and what it does not let count."""
from .harness import OwnBucketCase, call, drop_bucket, expect, make_bucket, parse_xml, rows
from .topic_forms import FormCase
from .topic_policies import policy, statement

SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
OURS = {"IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1"]}}
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"


def document(**settings: str) -> bytes:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in settings.items())
    return f"<PublicAccessBlockConfiguration>{inside}</PublicAccessBlockConfiguration>".encode()


def acl_for(grantee: str) -> bytes:
    return (f'<AccessControlPolicy><Owner><ID>pbfs</ID></Owner><AccessControlList><Grant><Grantee>{grantee}</Grantee>'
            "<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>").encode()


class BlockCase(OwnBucketCase):
    def setUp(self):
        super().setUp()
        self.key = "key"

    def block(self, *names):
        answer = self.of_bucket("PUT", "publicAccessBlock", body=document(**{name: "true" for name in names}))
        expect(answer, 200, body=b"")

    def open_to(self, action="s3:GetObject", **options):
        body = policy(statement(self.bucket, action, **options))
        expect(self.of_bucket("PUT", "policy", body=body), 204)

    def anonymously(self, method, key=None, **options):
        return self.send(method, key, auth="none", **options)


class Documents(BlockCase):
    @rows({**{name: {name: "true"} for name in SETTINGS}, "all": {name: "true" for name in SETTINGS},
           "none": {name: "false" for name in SETTINGS}, "in capitals": {"BlockPublicAcls": "TRUE"},
           "by numbers": {"BlockPublicAcls": "1", "IgnorePublicAcls": "0"}})
    def test_is_put_read_and_deleted(self, settings):
        expect(self.of_bucket("PUT", "publicAccessBlock", body=document(**settings)), 200, body=b"")
        answer = expect(self.of_bucket("GET", "publicAccessBlock"), 200, {"Content-Type": "application/xml"})
        root = parse_xml(answer)
        self.assertEqual(root.tag, "PublicAccessBlockConfiguration")
        self.assertEqual([(element.tag, element.text) for element in root],
                         [(name, "true" if settings.get(name, "").lower() in ("true", "1") else "false")
                          for name in SETTINGS])
        expect(self.of_bucket("DELETE", "publicAccessBlock"), 204)
        expect(self.of_bucket("GET", "publicAccessBlock"), 404, code="NoSuchPublicAccessBlockConfiguration")
        expect(self.of_bucket("DELETE", "publicAccessBlock"), 204)

    @rows({"empty": (b"", "MalformedXML"), "no XML": (b"{", "MalformedXML"), "another": (b"<x/>", "MalformedXML"),
           "no boolean": (document(BlockPublicAcls="yes"), "MalformedXML"),
           "an empty setting": (document(BlockPublicAcls=""), "MalformedXML"),
           "a setting twice": (document(BlockPublicAcls="true").replace(b"</Public", b"<BlockPublicAcls>true"
                               b"</BlockPublicAcls></Public"), "MalformedXML"),
           "nothing": (document(), "InvalidRequest")})
    def test_is_refused_and_the_old_one_stays(self, body, code):
        self.block("BlockPublicPolicy")
        expect(self.of_bucket("PUT", "publicAccessBlock", body=body), 400, code=code)
        root = parse_xml(expect(self.of_bucket("GET", "publicAccessBlock"), 200))
        self.assertEqual([root.findtext(name) for name in SETTINGS], ["false", "false", "true", "false"])

    @rows({method: method for method in ("GET", "PUT", "DELETE")})
    def test_of_no_bucket(self, method):
        body = document(BlockPublicAcls="true") if method == "PUT" else b""
        expect(call(method, f"/{self.bucket}-none", query="publicAccessBlock", body=body), 404, code="NoSuchBucket")

    @rows({"GET": ("GET", "s3:GetBucketPublicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration"),
           "PUT": ("PUT", "s3:PutBucketPublicAccessBlock", 200, None),
           "DELETE": ("DELETE", "s3:PutBucketPublicAccessBlock", 204, None)})
    def test_needs_its_action(self, method, action, status, code):
        body = document(IgnorePublicAcls="true") if method == "PUT" else b""
        expect(self.of_bucket(method, "publicAccessBlock", body=body, auth="none"), 403, code="AccessDenied")
        self.open_to("s3:Get*" if method != "GET" else "s3:Put*")
        expect(self.of_bucket(method, "publicAccessBlock", body=body, auth="none"), 403, code="AccessDenied")
        self.open_to(action)
        expect(self.of_bucket(method, "publicAccessBlock", body=body, auth="none"), status, code=code)

    def test_does_not_outlive_its_bucket(self):
        bucket = make_bucket()
        self.addCleanup(drop_bucket, bucket)
        expect(call("PUT", f"/{bucket}", query="publicAccessBlock", body=document(BlockPublicPolicy="true")), 200)
        expect(call("DELETE", f"/{bucket}"), 204)
        expect(call("PUT", f"/{bucket}"), 200)
        expect(call("GET", f"/{bucket}", query="publicAccessBlock"), 404,
               code="NoSuchPublicAccessBlockConfiguration")


class BlockPublicPolicy(BlockCase):
    def put_policy(self, *statements):
        return self.of_bucket("PUT", "policy", body=policy(*statements))

    def test_refuses_a_public_policy_and_the_old_one_stays(self):
        self.open_to("s3:GetObject", condition=OURS)
        self.block("BlockPublicPolicy")
        expect(self.put_policy(statement(self.bucket, "s3:*")), 403, code="AccessDenied")
        expect(self.put_policy(statement(self.bucket, "s3:GetObject", condition=OURS),
                               statement(self.bucket, "s3:ListBucket")), 403, code="AccessDenied")
        self.put()
        expect(self.anonymously("GET"), 200, body=b"content")
        expect(self.of_bucket("GET", auth="none"), 403, code="AccessDenied")

    @rows({"of one network": ("Allow", "*", OURS), "of one user": ("Allow", {"AWS": "somebody"}, None),
           "that forbids": ("Deny", "*", {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})})
    def test_takes_a_policy(self, effect, principal, condition):
        self.block("BlockPublicPolicy")
        one = statement(self.bucket, "s3:GetObject", effect, condition=condition) | {"Principal": principal}
        expect(self.put_policy(one), 204)

    def test_leaves_a_policy_that_is_there(self):
        self.put()
        self.open_to()
        self.block("BlockPublicPolicy")
        expect(self.anonymously("GET"), 200, body=b"content")

    @rows({name: name for name in SETTINGS if name != "BlockPublicPolicy"})
    def test_another_setting_takes_a_public_policy(self, name):
        self.block(name)
        expect(self.put_policy(statement(self.bucket, "s3:GetObject")), 204)

    def test_ends_when_it_is_deleted(self):
        self.block("BlockPublicPolicy")
        expect(self.put_policy(statement(self.bucket, "s3:GetObject")), 403, code="AccessDenied")
        expect(self.of_bucket("DELETE", "publicAccessBlock"), 204)
        expect(self.put_policy(statement(self.bucket, "s3:GetObject")), 204)


class RestrictPublicBuckets(BlockCase):
    def test_shuts_out_callers_without_keys(self):
        self.put()
        self.open_to("s3:*")
        expect(self.anonymously("GET"), 200, body=b"content")
        self.block("RestrictPublicBuckets")
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            expect(self.anonymously(method, body=b"x" if method == "PUT" else b""), 403, code="AccessDenied")
        expect(self.of_bucket("GET", auth="none"), 403, code="AccessDenied")
        self.must_be(b"content")

    def test_shuts_out_what_one_of_its_statements_would_allow(self):
        self.put()
        body = policy(statement(self.bucket, "s3:ListBucket"), statement(self.bucket, "s3:GetObject", condition=OURS))
        expect(self.of_bucket("PUT", "policy", body=body), 204)
        expect(self.anonymously("GET"), 200)
        self.block("RestrictPublicBuckets")
        expect(self.anonymously("GET"), 403, code="AccessDenied")

    def test_leaves_a_policy_that_is_not_public(self):
        self.put()
        self.open_to(condition=OURS)
        self.block("RestrictPublicBuckets")
        expect(self.anonymously("GET"), 200, body=b"content")

    def test_leaves_what_is_forbidden_to_all(self):
        self.put()
        body = policy(statement(self.bucket, "s3:GetObject"), statement(self.bucket, "s3:DeleteObject", "Deny"))
        expect(self.of_bucket("PUT", "policy", body=body), 204)
        self.block("RestrictPublicBuckets")
        expect(self.send("DELETE"), 403, code="AccessDenied")
        self.must_be(b"content")
        expect(self.of_bucket("DELETE", "policy"), 204)

    def test_ends_when_it_is_taken_back(self):
        self.put()
        self.open_to()
        self.block("RestrictPublicBuckets")
        expect(self.anonymously("GET"), 403, code="AccessDenied")
        self.block("IgnorePublicAcls")
        expect(self.anonymously("GET"), 200, body=b"content")

    @rows({name: name for name in SETTINGS if name != "RestrictPublicBuckets"})
    def test_another_setting_leaves_the_policy(self, name):
        self.put()
        self.open_to()
        self.block(name)
        expect(self.anonymously("GET"), 200, body=b"content")


class BlockPublicAcls(BlockCase):
    @rows({f"{acl} of {operation}": (operation, acl) for acl in PUBLIC_ACLS
           for operation in ("an object", "a copy", "an upload", "a bucket", "an object that is there")})
    def test_refuses(self, operation, acl):
        self.put(key="there")
        self.block("BlockPublicAcls")
        expect(self.ask(operation, {"x-amz-acl": acl}), 403, code="AccessDenied")
        self.must_be_missing()

    def ask(self, operation, headers):
        if operation == "an object":
            return self.send("PUT", body=b"x", headers=headers)
        if operation == "a copy":
            return self.send("PUT", headers=headers | {"x-amz-copy-source": f"{self.bucket}/there"})
        if operation == "an upload":
            return self.send("POST", query="uploads", headers=headers)
        if operation == "a bucket":
            return self.of_bucket("PUT", "acl", headers=headers)
        return self.send("PUT", "there", query="acl", headers=headers)

    @rows({"grant": {"x-amz-grant-read": f'uri="{ALL_USERS}"'},
           "grant to one of two": {"x-amz-grant-full-control": f'id="pbfs", uri="{ALL_USERS}"'}})
    def test_refuses_a(self, headers):
        self.block("BlockPublicAcls")
        expect(self.send("PUT", body=b"x", headers=headers), 403, code="AccessDenied")
        self.must_be_missing()

    @rows({"of a bucket": "", "of an object": "there"})
    def test_refuses_a_document(self, key):
        self.put(key="there")
        self.block("BlockPublicAcls")
        body = acl_for(f"<URI>{ALL_USERS}</URI>")
        answer = self.send("PUT", key, query="acl", body=body) if key else self.of_bucket("PUT", "acl", body=body)
        expect(answer, 403, code="AccessDenied")

    @rows({"private": ({"x-amz-acl": "private"}, 200, None),
           "bucket-owner-read": ({"x-amz-acl": "bucket-owner-read"}, 400, "AccessControlListNotSupported"),
           "grant to somebody": ({"x-amz-grant-read": 'id="x"'}, 400, "AccessControlListNotSupported")})
    def test_judges_others_as_ever(self, headers, status, code):
        self.block("BlockPublicAcls")
        expect(self.send("PUT", body=b"x", headers=headers), status, code=code)

    def test_without_it_public_ones_are_not_supported(self):
        self.block("IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        for acl in PUBLIC_ACLS:
            expect(self.send("PUT", body=b"x", headers={"x-amz-acl": acl}), 400,
                   code="AccessControlListNotSupported")


class BlockPublicAclsOfForms(FormCase):
    def test_are_refused(self):
        expect(self.of_bucket("PUT", "publicAccessBlock", body=document(BlockPublicAcls="true")), 200)
        expect(self.post(self.form({"acl": "public-read"})), 403, code="AccessDenied")
        self.must_be_missing()
