"""Who may do what with versions: the actions of versions, s3:versionid, tags of a version."""
from .harness import expect, md5, parse_xml, quote, rows, tagging, texts
from .topic_policies import PolicyCase, statement
from .versions import MARKER, VersionCase, must_be_marker, must_be_no_object, version_of, versioning_xml

ATTRIBUTES = {"x-amz-object-attributes": "ObjectSize"}
# operation -> actions, the last of which is its own; method, query, headers, body, status
OPERATIONS = {
    "GET": (["s3:GetObjectVersion"], "GET", "", {}, b"", 200),
    "HEAD": (["s3:GetObjectVersion"], "HEAD", "", {}, b"", 200),
    "GET of a range": (["s3:GetObjectVersion"], "GET", "", {"Range": "bytes=0-0"}, b"", 206),
    "attributes": (["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"], "GET", "attributes", ATTRIBUTES, b"", 200),
    "GET tagging": (["s3:GetObjectVersionTagging"], "GET", "tagging", {}, b"", 200),
    "PUT tagging": (["s3:PutObjectVersionTagging"], "PUT", "tagging", {}, tagging({"a": "b"}), 200),
    "DELETE tagging": (["s3:DeleteObjectVersionTagging"], "DELETE", "tagging", {}, b"", 204),
    "acl": (["s3:GetObjectVersionAcl"], "GET", "acl", {}, b"", 200),
    "DELETE": (["s3:DeleteObjectVersion"], "DELETE", "", {}, b"", 204),
}
# The action of the same operation without an id.
OF_OBJECTS = ["s3:GetObject", "s3:GetObjectAttributes", "s3:GetObjectTagging", "s3:PutObjectTagging",
              "s3:DeleteObjectTagging", "s3:GetObjectAcl", "s3:DeleteObject", "s3:PutObject", "s3:ListBucket"]
OF_VERSIONS = [action for row in OPERATIONS.values() for action in row[0]]


class PolicyOfVersions(PolicyCase, VersionCase):
    def setUp(self):
        super().setUp()
        self.had = self.put_some(b"old", b"new")

    def source(self, version):
        return f"{self.bucket}/{quote(self.key)}?{self.query(version)}"

    def by_id(self, version, method="GET", query="", **options):
        return self.anonymously(method, query=self.query(version, query), **options)


class Actions(PolicyOfVersions):
    @rows(OPERATIONS)
    def test_alone_allows(self, actions, method, query, headers, body, status):
        self.allow(actions)
        expect(self.by_id(self.had[1][0], method, query, headers=headers, body=body), status)

    @rows(OPERATIONS)
    def test_all_but_it_do_not_allow(self, actions, method, query, headers, body, _):
        self.set_policy(statement(self.bucket, "s3:*"), statement(self.bucket, actions[-1], "Deny"))
        expect(self.by_id(self.had[1][0], method, query, headers=headers, body=body), 403, code="AccessDenied")
        expect(self.of_bucket("DELETE", "policy"), 204)
        self.must_have(*self.had)

    @rows(OPERATIONS)
    def test_those_of_objects_do_not_allow(self, _actions, method, query, headers, body, _status):
        self.allow(OF_OBJECTS)
        expect(self.by_id(self.had[0][0], method, query, headers=headers, body=body), 403, code="AccessDenied")
        expect(self.by_id("null", method, query, headers=headers, body=body), 403, code="AccessDenied")
        self.must_have(*self.had)

    @rows(OPERATIONS)
    def test_those_of_versions_do_not_allow_without_an_id(self, _actions, method, query, headers, body, _status):
        self.allow(OF_VERSIONS)
        answer = self.anonymously(method, query=query, headers=headers, body=body)
        expect(answer, 403, code="AccessDenied")
        self.must_have(*self.had)

    def test_delete_marker_needs_only_to_delete(self):
        self.allow("s3:DeleteObject")
        marker = version_of(expect(self.anonymously("DELETE"), 204, {"x-amz-delete-marker": "true"}))
        expect(self.by_id(marker, "DELETE"), 403, code="AccessDenied")
        self.must_have((marker, MARKER), *self.had)

    @rows({"source": ("s3:GetObjectVersion", 403), "target": ("s3:PutObject", 403),
           "of objects": (["s3:GetObject", "s3:PutObject"], 403),
           "both": (["s3:GetObjectVersion", "s3:PutObject"], 200)})
    def test_copy_of_a_version_needs_both(self, action, status):
        self.allow(action)
        source = self.source(self.had[1][0])
        answer = self.anonymously("PUT", "copy of policies", headers={"x-amz-copy-source": source})
        expect(answer, status, code=None if status == 200 else "AccessDenied")

    @rows({"PUT": ("s3:PutBucketVersioning", "PUT", versioning_xml("Enabled")),
           "GET": ("s3:GetBucketVersioning", "GET", b"")})
    def test_of_the_configuration(self, action, method, body):
        self.allow(action)
        expect(self.of_bucket(method, "versioning", body=body, auth="none"), 200)
        self.set_policy(statement(self.bucket, "s3:*"), statement(self.bucket, action, "Deny"))
        expect(self.of_bucket(method, "versioning", body=body, auth="none"), 403, code="AccessDenied")

    @rows({"its own": ("s3:ListBucketVersions", 200), "that of objects": ("s3:ListBucket", 403)})
    def test_of_the_listing(self, action, status):
        self.allow(action)
        answer = self.of_bucket("GET", {"versions": "", "prefix": self.key}, auth="none")
        expect(answer, status, code=None if status == 200 else "AccessDenied")

    def delete_many(self, versions):
        inside = "".join(f"<Object><Key>{self.key}</Key>{more}</Object>" for more in (
            f"<VersionId>{version}</VersionId>" if version else "" for version in versions))
        body = f"<Delete>{inside}</Delete>".encode()
        answer = self.of_bucket("POST", "delete", body=body, headers={"Content-MD5": md5(body)}, auth="none")
        return parse_xml(expect(answer, 200))

    @rows({"of versions": ("s3:DeleteObjectVersion", 1), "of objects": ("s3:DeleteObject", 0)})
    def test_delete_objects_asks_for_each(self, action, version):
        self.allow(action)
        result = self.delete_many([self.had[1][0], None])
        self.assertEqual((texts(result, "Error/Code"), texts(result, "Error/Key")), (["AccessDenied"], [self.key]))
        self.assertEqual(texts(result, "Error/VersionId"), [] if version else [self.had[1][0]])
        self.assertEqual(texts(result, "Deleted/VersionId"), [self.had[1][0]] if version else [])
        marker = texts(result, "Deleted/DeleteMarkerVersionId")
        self.must_have(*(self.had[:1] if version else [(marker[0], MARKER), *self.had]))

    def test_delete_objects_heeds_the_condition_for_each(self):
        self.allow("s3:DeleteObjectVersion", condition={"StringEquals": {"s3:versionid": self.had[1][0]}})
        result = self.delete_many([version for version, _ in self.had])
        self.assertEqual(texts(result, "Deleted/VersionId"), [self.had[1][0]])
        self.assertEqual((texts(result, "Error/Code"), texts(result, "Error/VersionId")),
                         (["AccessDenied"], [self.had[0][0]]))
        self.must_have(self.had[0])


class Conditions(PolicyOfVersions):
    @rows({"is": ("StringEquals", 1, True), "is another": ("StringEquals", 0, False),
           "is not": ("StringNotEquals", 1, False), "is not another": ("StringNotEquals", 0, True),
           "is like": ("StringLike", "*", True), "is none": ("Null", "true", False), "is any": ("Null", "false", True)})
    def test_version_id(self, operator, value, allowed):
        value = value if isinstance(value, str) else self.had[value][0]
        self.allow("s3:GetObjectVersion", condition={operator: {"s3:versionid": value}})
        for method in ("GET", "HEAD"):
            answer = self.by_id(self.had[1][0], method)
            expect(answer, 200 if allowed else 403, code=None if allowed else "AccessDenied")

    def test_version_id_of_requests_without_one(self):
        self.allow("s3:GetObject", condition={"Null": {"s3:versionid": "true"}})
        expect(self.anonymously("GET"), 200, body=b"new")
        self.allow("s3:GetObject", condition={"StringLike": {"s3:versionid": "*"}})
        expect(self.anonymously("GET"), 403, code="AccessDenied")

    def test_denied_version_of_the_owner(self):
        self.allow(["s3:GetObjectVersion", "s3:DeleteObjectVersion"], effect="Deny",
                   condition={"StringEquals": {"s3:versionid": self.had[1][0]}})
        expect(self.get_version(self.had[1][0]), 403, code="AccessDenied")
        expect(self.delete_version(self.had[1][0]), 403, code="AccessDenied")
        expect(self.get_version(self.had[0][0]), 200, body=b"new")
        expect(self.of_bucket("DELETE", "policy"), 204)
        self.must_have(*self.had)

    def test_version_id_of_a_source(self):
        self.set_policy(statement(self.bucket, "s3:PutObject"),
                        statement(self.bucket, "s3:GetObjectVersion",
                                  condition={"StringEquals": {"s3:versionid": self.had[1][0]}}))
        for version, status in ((self.had[1][0], 200), (self.had[0][0], 403)):
            headers = {"x-amz-copy-source": self.source(version)}
            answer = self.anonymously("PUT", "other copy of policies", headers=headers)
            expect(answer, status, code=None if status == 200 else "AccessDenied")

    def test_tags_of_the_version_that_is_asked_for(self):
        expect(self.send("PUT", query=self.query(self.had[1][0], "tagging"), body=tagging({"a": "1"})), 200)
        self.allow(["s3:GetObject", "s3:GetObjectVersion"],
                   condition={"StringEquals": {"s3:ExistingObjectTag/a": "1"}})
        expect(self.by_id(self.had[1][0]), 200, body=b"old")
        expect(self.by_id(self.had[0][0]), 403, code="AccessDenied")
        expect(self.anonymously("GET"), 403, code="AccessDenied")


class Markers(PolicyOfVersions):
    def setUp(self):
        super().setUp()
        self.had.insert(0, (self.add_marker(), MARKER))

    @rows({"who may list": (["s3:GetObject", "s3:ListBucket"], True), "who may not": ("s3:GetObject", False)})
    def test_are_told_to(self, action, told):
        self.allow(action)
        for method in ("GET", "HEAD"):
            answer = self.anonymously(method)
            if told:
                must_be_marker(answer, self.had[0][0])
            else:
                expect(answer, 403, {"x-amz-delete-marker": None}, code="AccessDenied")

    def test_are_told_by_their_id(self):
        self.allow(["s3:GetObjectVersion", "s3:ListBucket"])
        must_be_no_object(self.by_id(self.had[0][0]))
        must_be_no_object(self.by_id(self.had[0][0], "HEAD"))

    def test_leave_what_is_beneath_them(self):
        self.allow("s3:GetObjectVersion")
        expect(self.by_id(self.had[1][0]), 200, body=b"new")
        expect(self.by_id(self.had[2][0]), 200, body=b"old")
