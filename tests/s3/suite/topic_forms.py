"""Uploads by HTML forms: POST of multipart/form-data with a signed policy."""
import base64
import datetime
import json
import re
import urllib.parse

from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from . import signing, wire
from .harness import BucketCase, client, expect, expect_client_error, parse_xml, pattern_bytes, rows
from .topic_policies import policy, statement
from .wire import Request

BOUNDARY = "----a-form"
ISO = "%Y-%m-%dT%H:%M:%S.000Z"


def encode(fields: list, file: bytes | None, filename: str = "cat.jpg", after: list = ()) -> bytes:
    """`after`: fields that stand behind the file."""
    def part(name, value, more=""):
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        return head.encode() + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    body = b"".join(part(name, value) for name, value in fields)
    if file is not None:
        body += part("file", file, f'; filename="{filename}"\r\nContent-Type: image/jpeg')
    return body + b"".join(part(name, value) for name, value in after) + f"--{BOUNDARY}--\r\n".encode()


def sign(document: str, credentials=None, region: str = signing.REGION) -> dict:
    """The fields that sign a policy (in base64)."""
    credentials, when = credentials or signing.keys(), signing.now()
    auth, request = signing.HeaderAuth(credentials, region, ""), AWSRequest()
    request.context["timestamp"] = when.strftime(signing.SIGV4_TIMESTAMP)
    return {"x-amz-signature": auth.signature(document, request)}


class FormCase(BucketCase):
    def post(self, fields: dict | list, file: bytes | None = b"content", content_type: str | None = None,
             **options):
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        return self.post_body(encode(pairs, file, **options), content_type)

    def post_body(self, body, content_type=None):
        content_type = content_type or f"multipart/form-data; boundary={BOUNDARY}"
        headers = [("Host", wire.http_endpoint().netloc), ("Content-Type", content_type),
                   ("Content-Length", str(len(body)))]
        return wire.exchange(wire.http_endpoint(), Request("POST", f"/{self.bucket}", headers, body))

    def form(self, fields: dict | None = None, conditions: list | None = None, minutes: float = 10,
             change=None, **signing_options) -> dict:
        """Fields of a form that is right: all are covered by its policy, plus `conditions`."""
        now = signing.now()
        credentials = signing_options.get("credentials") or signing.keys()
        region = signing_options.get("region", signing.REGION)
        scope = f"{credentials.access_key}/{now:%Y%m%d}/{region}/s3/aws4_request"
        given = {"key": self.key} | (fields or {}) | {
            "x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-credential": scope,
            "x-amz-date": f"{now:%Y%m%dT%H%M%SZ}"}
        listed = [{name: value} for name, value in given.items()]
        document = {"expiration": (now + datetime.timedelta(minutes=minutes)).strftime(ISO),
                    "conditions": [{"bucket": self.bucket}] + listed + (conditions or [])}
        text = base64.b64encode(json.dumps(change(document) if change else document).encode()).decode()
        return given | {"policy": text} | sign(text, **signing_options)


class Taken(FormCase):
    def test_stores_the_file(self):
        expect(self.post(self.form()), 204, {"ETag": re.compile(".+"), "Location": re.compile("https?://.+")})
        expect(self.get(), 200, {"Content-Type": "binary/octet-stream"}, body=b"content")

    @rows({"200": ("200", 200), "201": ("201", 201), "204": ("204", 204), "another": ("302", 204),
           "empty": ("", 204)})
    def test_answers_as_asked(self, wanted, status):
        answer = expect(self.post(self.form({"success_action_status": wanted})), status)
        if status == 201:
            document = parse_xml(answer)
            self.assertEqual([document.tag] + [element.tag for element in document],
                             ["PostResponse", "Location", "Bucket", "Key", "ETag"])
            self.assertEqual((document.findtext("Bucket"), document.findtext("Key"),
                              document.findtext("ETag")),
                             (self.bucket, self.key, answer.get("ETag")))
        self.must_be(b"content")

    @rows({"plain": ("https://a.example/done", "?"), "with a query": ("https://a.example/done?x=1", "&")})
    def test_redirects(self, url, joint):
        answer = expect(self.post(self.form({"success_action_redirect": url})), 303)
        location = answer.get("Location")
        self.assertTrue(location.startswith(url + joint), location)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)
        self.assertEqual((query["bucket"], query["key"], query["etag"]),
                         ([self.bucket], [self.key], [answer.get("ETag")]))
        self.must_be(b"content")

    @rows({"whole": ("${filename}", "cat.jpg"), "behind a prefix": ("a/${filename}", "a/cat.jpg"),
           "inside": ("<${filename}>", "<cat.jpg>"),
           "other variables": ("${user}", "${user}")})
    def test_key_may_have_the_name_of_the_file(self, key, stored):
        fields = self.form({"key": key}, [["starts-with", "$key", ""]], change=lambda document: document | {
            "conditions": [one for one in document["conditions"] if "key" not in one or isinstance(one,
                                                                                                   list)]})
        expect(self.post(fields), 204)
        self.must_be(b"content", stored)

    def test_path_of_the_file_is_left_out(self):
        fields = self.form({"key": "b/${filename}"}, [["starts-with", "$key", "b/"]],
                           change=lambda document: document | {
            "conditions": [one for one in document["conditions"] if "key" not in one or isinstance(one,
                                                                                                   list)]})
        expect(self.post(fields, filename="C:\\pictures\\dog.jpg"), 204)
        self.must_be(b"content", "b/dog.jpg")

    def test_headers_are_stored(self):
        fields = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-amz-meta-a": "b"}
        expect(self.post(self.form(fields)), 204)
        expect(self.get(), 200, fields, body=b"content")

    def test_tags_are_stored(self):
        document = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>"
        expect(self.post(self.form({"tagging": document})), 204)
        expect(self.head(), 200, {"x-amz-tagging-count": "1"})

    @rows({"empty": b"", "large": pattern_bytes(9 << 20), "like the end": f"\r\n--{BOUNDARY}".encode()[:-1],
           "line ends": b"\r\n" * 5000,
           "all bytes": bytes(range(256)) * 10})
    def test_file_may_be(self, file):
        expect(self.post(self.form(), file), 204)
        self.must_be(file)

    def test_fields_behind_the_file_do_not_count(self):
        expect(self.post(self.form(), after=[("key", "other key"), ("submit", "Send")]), 204)
        self.must_be(b"content")
        self.must_be_missing("other key")

    def test_names_of_fields_have_no_case(self):
        fields = {name.title() if name in ("key", "policy") else name: value for name,
                  value in self.form().items()}
        expect(self.post(fields), 204)
        self.must_be(b"content")

    def test_ignored_fields_need_no_condition(self):
        expect(self.post(self.form() | {"x-ignore-me": "1"}), 204)

    @rows({"alone": (7, 7), "from 0": (0, 100), "as text": ("0", "7")})
    def test_length_in_its_range(self, least, most):
        expect(self.post(self.form(conditions=[["content-length-range", least, most]])), 204)

    def test_by_boto3(self):
        made = client().generate_presigned_post(self.bucket, self.key, ExpiresIn=60)
        expect(self.post(made["fields"]), 204)
        self.must_be(b"content")

    def test_without_a_policy_where_everybody_may(self):
        bucket_policy = policy(statement(self.bucket, "s3:PutObject",
                                         resource=f"arn:aws:s3:::{self.bucket}/public/*"))
        expect(self.of_bucket("PUT", "policy", body=bucket_policy), 204)
        expect(self.post({"key": "public/a"}), 204)
        expect(self.post({"key": "private/a"}), 403, code="AccessDenied")
        self.must_be(b"content", "public/a")
        self.must_be_missing("private/a")


class Refused(FormCase):
    def refused(self, answer, status, code):
        expect(answer, status, code=code)
        self.must_be_missing()

    def test_without_a_signature(self):
        self.refused(self.post({"key": self.key}), 403, "AccessDenied")

    def test_policy_without_a_signature(self):
        fields = {name: value for name, value in self.form().items() if not name.startswith("x-amz-")}
        answer = self.post(fields)
        self.assertIn(answer.status, (400, 403))
        self.must_be_missing()

    def test_expired(self):
        self.refused(self.post(self.form(minutes=-1)), 403, "AccessDenied")

    def test_wrong_secret(self):
        credentials = Credentials(signing.keys().access_key, "x" * 40)
        self.refused(self.post(self.form(credentials=credentials)), 403, "SignatureDoesNotMatch")

    def test_unknown_access_key(self):
        self.refused(self.post(self.form(credentials=Credentials("AKIANOBODY", "x"))), 403,
                     "InvalidAccessKeyId")

    def test_changed_policy(self):
        fields = self.form()
        fields["policy"] = base64.b64encode(base64.b64decode(fields["policy"]).replace(b'": "', b'":"',
                                                                                       1)).decode()
        self.refused(self.post(fields), 403, "SignatureDoesNotMatch")

    @rows({"of the key": {"key": "another key"}, "of a type": {"Content-Type": "text/html"},
           "of metadata": {"x-amz-meta-a": "c"}})
    def test_field_that_is_changed(self, change):
        fields = self.form({"Content-Type": "text/plain", "x-amz-meta-a": "b"}) | change
        self.refused(self.post(fields), 403, "AccessDenied")
        self.must_be_missing("another key")

    @rows({"metadata": {"x-amz-meta-a": "b"}, "redirect": {"success_action_redirect": "https://evil.example"},
           "storage class": {"x-amz-storage-class": "STANDARD"}, "unknown": {"colour": "red"}})
    def test_field_that_is_not_covered(self, extra):
        self.refused(self.post(self.form() | extra), 403, "AccessDenied")

    def test_field_that_is_missing(self):
        self.refused(self.post(self.form(conditions=[["eq", "$x-amz-meta-a", "b"]])), 403, "AccessDenied")

    def test_another_bucket(self):
        fields = self.form(change=lambda document: document | {
            "conditions": [{"bucket": "another-bucket"}] + document["conditions"][1:]})
        self.refused(self.post(fields), 403, "AccessDenied")

    @rows({"starts with": ("starts-with", "other/"), "equals": ("eq", "other")})
    def test_condition_that_does_not_hold(self, kind, value):
        self.refused(self.post(self.form(conditions=[[kind, "$key", value]])), 403, "AccessDenied")

    @rows({"too long": (["content-length-range", 0, 6], "EntityTooLarge"),
           "too short": (["content-length-range", 8, 100], "EntityTooSmall")})
    def test_length_out_of_its_range(self, condition, code):
        self.refused(self.post(self.form(conditions=[condition])), 400, code)

    def test_length_out_of_its_range_leaves_the_old_object(self):
        self.put(b"old")
        expect(self.post(self.form(conditions=[["content-length-range", 0, 1000]]), pattern_bytes(6 << 20)),
               400, code="EntityTooLarge")
        self.must_be(b"old")

    @rows({"no expiration": {"expiration": None}, "no conditions": {"conditions": None},
           "expiration that is none": {"expiration": "soon"},
           "conditions that are none": {"conditions": "all"},
           "condition that is none": {"conditions": ["all"]}})
    def test_policy_is_malformed(self, change):
        fields = self.form(change=lambda document: {
            name: value for name, value in (document | change).items() if value is not None})
        self.refused(self.post(fields), 400, "InvalidPolicyDocument")

    def test_policy_is_a_list(self):
        self.refused(self.post(self.form(change=lambda document: [])), 400, "InvalidPolicyDocument")

    @rows({"of an unknown kind": [["matches", "$key", "a"]], "that is short": [["eq", "$key"]],
           "with a range that is none": [["content-length-range", "a", "b"]],
           "of a field without $": [["eq", "key", "a"]]})
    def test_condition_is_malformed(self, conditions):
        self.refused(self.post(self.form(conditions=conditions)), 400, "InvalidPolicyDocument")

    def test_policy_is_no_base64(self):
        fields = self.form() | {"policy": "{}"}
        fields |= sign("{}")
        self.refused(self.post(fields), 400, "InvalidPolicyDocument")

    def test_without_a_key(self):
        fields = {name: value for name, value in self.form().items() if name != "key"}
        answer = self.post(fields)
        self.assertIn(answer.status, (400, 403))
        self.must_be_missing()

    def test_without_a_file(self):
        expect_client_error(self.post(self.form(), file=None))
        self.must_be_missing()

    @rows({"no form": "application/x-www-form-urlencoded", "no boundary": "multipart/form-data",
           "another boundary": "multipart/form-data; boundary=other",
           "another multipart": f"multipart/mixed; boundary={BOUNDARY}",
           "empty boundary": "multipart/form-data; boundary="})
    def test_type_of_the_body(self, content_type):
        answer = self.post(self.form(), content_type=content_type)
        self.assertIn(answer.status, (400, 405, 412), answer)
        self.must_be_missing()

    @rows({"in the fields": 100, "in the file": -40})
    def test_body_that_ends_early(self, end):
        expect_client_error(self.post_body(encode(list(self.form().items()), b"x" * 100)[:end]))
        self.must_be_missing()

    def test_field_twice(self):
        expect_client_error(self.post(list(self.form().items()) + [("key", "another key")]))
        self.must_be_missing()
        self.must_be_missing("another key")

    def test_fields_too_large(self):
        expect_client_error(self.post(self.form() | {"x-ignore-a": "a" * 30_000}))
        self.must_be_missing()

    def test_key_too_long(self):
        expect(self.post(self.form({"key": "k" * 1025})), 400, code="KeyTooLongError")

    def test_acl_of_others(self):
        self.refused(self.post(self.form({"acl": "public-read"})), 400, "AccessControlListNotSupported")

    def test_scope_of_another_region(self):
        expect_client_error(self.post(self.form(region="eu-west-1")))
        self.must_be_missing()
