"""Signature Version 4 in headers and queries: what is taken, and what is refused and does nothing."""
import datetime
import re

from botocore.credentials import Credentials

from . import signing, wire
from .harness import BucketCase, call, client, expect, http_date, parse_xml, prepare, quote_all, rows, texts
from .signing import UNSIGNED, now
from .wire import Request


def minutes(count: float) -> datetime.datetime:
    return now() + datetime.timedelta(minutes=count)


def exchange(request: Request) -> wire.Answer:
    return wire.exchange(wire.http_endpoint(), request)


def wrong_secret() -> Credentials:
    return Credentials(signing.keys().access_key, "x" * 40)


def nobody() -> Credentials:
    return Credentials("AKIANOBODYATALL00000", "x" * 40)


class ObjectCase(BucketCase):
    """Cases about one object that is there, and stays as it is unless a case makes its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.object = f"/{cls.bucket}/object"
        expect(call("PUT", cls.object, body=b"content"), 200)


class Header(ObjectCase):
    @rows({"plain": {}, "blanks around and inside": {"x-amz-meta-a": "  two   words  "},
           "tabs": {"x-amz-meta-a": "a\t\tb"},
           "empty": {"x-amz-meta-a": ""}, "upper case name": {"X-AMZ-META-A": "b"},
           "of Date": {"Date": "now"},
           "Content-Type": {"Content-Type": "text/plain; charset=utf-8"},
           "many": {f"x-amz-meta-{i}": "v" for i in range(40)}})
    def test_headers_are_signed_as_they_come(self, headers):
        expect(call("GET", self.object, headers=headers), 200, body=b"content")

    def test_repeated_headers_are_joined(self):
        headers = [("x-amz-meta-a", "one"), ("x-amz-meta-b", "x"), ("x-amz-meta-a", " two  words ")]
        expect(call("GET", self.object, headers=headers), 200, body=b"content")

    @rows({"sub-resource": ("tagging", "Tagging"), "sub-resource with equals": ("tagging=", "Tagging"),
           "order": ("prefix=o&list-type=2&max-keys=1", "ListBucketResult"),
           "names that begin alike": ("max-keys=1&max-keysx=1&prefix=o", "ListBucketResult"),
           "repeated": ("prefix=o&x=2&x=1&x=", "ListBucketResult"),
           "unicode": ("prefix=%C3%A9", "ListBucketResult"),
           "plus and slash": ("prefix=a%2Bb%2Fc", "ListBucketResult"),
           "ampersand": ("prefix=a%26b", "ListBucketResult")})
    def test_query_is_sorted_and_encoded(self, query, document):
        path = self.object if document == "Tagging" else f"/{self.bucket}"
        self.assertEqual(parse_xml(expect(call("GET", path, query=query), 200)).tag, document)

    @rows({"14 minutes slow": -14, "14 minutes fast": 14})
    def test_clock_may_be_off(self, skew):
        expect(call("GET", self.object, when=minutes(skew)), 200)

    @rows({"no blanks after commas": lambda text: text.replace(", ", ","),
           "more blanks": lambda text: text.replace(", ", ",   ")})
    def test_authorization_may_be_spaced(self, change):
        request = prepare("GET", self.object)
        request.set("Authorization", change(request.get("Authorization")))
        expect(exchange(request), 200)

    def test_unsigned_payload(self):
        expect(call("GET", self.object, payload=UNSIGNED), 200, body=b"content")

    def test_by_boto3(self):
        self.assertEqual(client().get_object(Bucket=self.bucket, Key="object")["Body"].read(), b"content")


def change_path(request):
    request.target += "x"


def add_parameter(request):
    request.target += "?versionId=null"


def change_header(request):
    request.set("x-amz-meta-a", "other")


def change_case_of_value(request):
    request.set("x-amz-meta-a", "ONE")


def change_host(request):
    request.set("Host", "other.example")


def change_payload(request):
    request.set("X-Amz-Content-SHA256", UNSIGNED)


def change_signature(request):
    text = request.get("Authorization")
    request.set("Authorization", text[:-1] + ("0" if text[-1] != "0" else "1"))


def sign_less(request):
    request.set("Authorization", request.get("Authorization").replace("content-type;", ""))


class Refused(ObjectCase):
    """Each request is right but for one thing."""

    def refused(self, request: Request, status: int, code: str, **elements):
        answer = expect(exchange(request), status, code=code)
        document = parse_xml(answer)
        for name, value in elements.items():
            self.assertRegex(document.findtext(name) or "", value)

    def test_anonymous(self):
        self.refused(prepare("GET", self.object, auth="none"), 403, "AccessDenied")

    def test_unknown_access_key(self):
        self.refused(prepare("GET", self.object, credentials=nobody()), 403, "InvalidAccessKeyId",
                     AWSAccessKeyId="AKIANOBODYATALL00000")

    def test_wrong_secret(self):
        self.refused(prepare("GET", self.object, credentials=wrong_secret()), 403, "SignatureDoesNotMatch",
                     StringToSign="^AWS4-HMAC-SHA256\n", CanonicalRequest="^GET\n")

    def test_wrong_region(self):
        self.refused(prepare("GET", self.object, region="eu-west-1"), 400, "AuthorizationHeaderMalformed",
                     Region=f"^{signing.REGION}$")

    def test_wrong_service(self):
        self.refused(prepare("GET", self.object, service="s4"), 400, "AuthorizationHeaderMalformed")

    @rows({"16 minutes slow": -16, "16 minutes fast": 16, "a day slow": -1440, "years fast": 5_000_000})
    def test_skewed(self, skew):
        self.refused(prepare("GET", self.object, when=minutes(skew)), 403, "RequestTimeTooSkewed")

    def test_skewed_by_its_date_header(self):
        request = prepare("GET", self.object, headers={"Date": "x"}, when=minutes(-60))
        self.refused(request, 403, "RequestTimeTooSkewed")

    def test_no_date(self):
        request = prepare("GET", self.object)
        request.drop("X-Amz-Date")
        self.refused(request, 403, "AccessDenied")

    @rows({"words": "yesterday", "ISO": "2026-01-02T03:04:05Z", "date only": "20260102", "empty": ""})
    def test_date_is_none(self, date):
        request = prepare("GET", self.object)
        request.set("X-Amz-Date", date)
        self.refused(request, 403, "AccessDenied")

    def test_scope_of_another_day(self):
        request = prepare("GET", self.object)
        today = request.get("X-Amz-Date")[:8]
        other = (now() - datetime.timedelta(days=2)).strftime("%Y%m%d")
        request.set("Authorization", request.get("Authorization").replace(f"/{today}/", f"/{other}/"))
        self.refused(request, 400, "AuthorizationHeaderMalformed")

    @rows({"path": change_path, "parameter": add_parameter, "header": change_header,
           "case of a value": change_case_of_value, "host": change_host, "payload": change_payload,
           "signature": change_signature, "fewer signed headers": sign_less})
    def test_changed_afterwards(self, change):
        request = prepare("GET", self.object, headers={"x-amz-meta-a": "one", "Content-Type": "a/b"})
        change(request)
        self.refused(request, 403, "SignatureDoesNotMatch")

    def test_changed_method(self):
        request = prepare("GET", self.object)
        request.method = "DELETE"
        self.refused(request, 403, "SignatureDoesNotMatch")
        self.must_be(b"content", "object")

    def test_head_has_no_document(self):
        expect(exchange(prepare("HEAD", self.object, credentials=wrong_secret())), 403,
               code="SignatureDoesNotMatch")

    def test_amz_header_that_is_not_signed(self):
        request = prepare("GET", self.object)
        request.headers.append(("x-amz-meta-a", "b"))
        self.refused(request, 403, "AccessDenied", HeadersNotSigned="^x-amz-meta-a$")

    def test_host_that_is_not_signed(self):
        self.refused(prepare("GET", self.object, unsigned=["host"]), 403, "AccessDenied")

    def test_payload_that_is_not_said(self):
        request = prepare("GET", self.object)
        request.drop("X-Amz-Content-SHA256")
        self.refused(request, 400, "InvalidRequest")

    @rows({"another header": ("second", "InvalidArgument"),
           "a presigned query": ("query", "InvalidArgument")})
    def test_two_ways_at_once(self, way, code):
        request = prepare("GET", self.object, auth="query" if way == "query" else "header")
        request.headers.append(("Authorization", prepare("GET", self.object).get("Authorization")))
        self.refused(request, 400, code)

    @rows({"Version 2": ("AWS AKIA:c2lnbmF0dXJlc2lnbmF0dXJl", "InvalidRequest"),
           "Version 4A": ("AWS4-ECDSA-P256-SHA256 Credential=a/20260101/s3/aws4_request, Signature=00",
                          "InvalidRequest"),
           "Basic": ("Basic YTpi", "InvalidArgument"), "Bearer": ("Bearer abc", "InvalidArgument"),
           "lower case": ("aws4-hmac-sha256 Credential=a", "InvalidArgument"),
           "empty": ("", "InvalidArgument"),
           "no parts": ("AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"),
           "rubbish": ("AWS4-HMAC-SHA256 rubbish", "AuthorizationHeaderMalformed")})
    def test_authorization_is_of_another_kind(self, authorization, code):
        request = prepare("GET", self.object)
        request.set("Authorization", authorization)
        self.refused(request, 400, code)

    @rows({"no Credential": (r"Credential=[^,]*, ", ""), "no SignedHeaders": (r"SignedHeaders=[^,]*, ", ""),
           "no Signature": (r", Signature=\w+", ""), "short Credential": (r"/aws4_request", ""),
           "scope without date": (r"/\d{8}/", "/"), "scope of another end": (r"aws4_request", "aws5_request"),
           "empty access key": (r"Credential=[^/]*/", "Credential=/"),
           "empty SignedHeaders": (r"(SignedHeaders=)[^,]*", r"\1"),
           "unknown part": (r"Signature=", "Signatur=")})
    def test_authorization_is_malformed(self, pattern, replacement):
        request = prepare("GET", self.object)
        request.set("Authorization", re.sub(pattern, replacement, request.get("Authorization")))
        self.refused(request, 400, "AuthorizationHeaderMalformed")

    def test_version_2_query(self):
        request = prepare("GET", self.object, auth="none",
                          query={"AWSAccessKeyId": "AKIA", "Signature": "c2ln", "Expires": "4000000000"})
        self.refused(request, 400, "InvalidRequest")


WAYS = {"anonymous": ("none", None, "AccessDenied"),
        "wrong secret": ("header", wrong_secret, "SignatureDoesNotMatch"),
        "presigned, wrong secret": ("query", wrong_secret, "SignatureDoesNotMatch"),
        "unknown key": ("header", nobody, "InvalidAccessKeyId")}


class NothingHappens(BucketCase):
    """A request that is refused changes nothing, whatever it asks."""

    @rows({f"{operation} {way}": (method, query, headers, body, *WAYS[way]) for way in WAYS
           for operation, (method, query, headers, body) in {
               "PUT": ("PUT", "", {}, b"new"), "DELETE": ("DELETE", "", {}, b""),
               "PATCH": ("PATCH", "", {"Content-Range": "bytes 0-0/*"}, b"X"),
               "append": ("PUT", "", {"x-amz-write-offset-bytes": "3"}, b"X"),
               "tagging": ("PUT", "tagging", {}, b"<Tagging><TagSet/></Tagging>")}.items()})
    def test_on_an_object(self, method, query, headers, body, auth, credentials, code):
        self.put(b"old", headers={"x-amz-tagging": "a=b"})
        options = {} if credentials is None else {"credentials": credentials()}
        expect(self.send(method, query=query, headers=headers, body=body, auth=auth, **options), 403,
               code=code)
        expect(self.get(), 200, {"x-amz-tagging-count": "1"}, body=b"old")

    @rows({"list": ("GET", ""), "list V2": ("GET", "list-type=2"), "delete": ("DELETE", ""),
           "make": ("PUT", ""),
           "tagging": ("GET", "tagging")})
    def test_anonymous_on_a_bucket(self, method, query):
        expect(self.of_bucket(method, query, auth="none"), 403, code="AccessDenied")

    def test_anonymous_sees_no_buckets(self):
        expect(call("GET", "/", auth="none"), 403, code="AccessDenied")

    def test_anonymous_head(self):
        self.put()
        expect(self.head(auth="none"), 403, code="AccessDenied")
        expect(self.of_bucket("HEAD", auth="none"), 403, code="AccessDenied")


class Presigned(ObjectCase):
    @rows({"GET": ("GET", b"", 200, {}), "HEAD": ("HEAD", b"", 200, {}),
           "PUT": ("PUT", b"new content", 200, {}),
           "DELETE": ("DELETE", b"", 204, {}),
           "PATCH": ("PATCH", b"C", 200, {"Content-Range": "bytes 0-0/*"})})
    def test_method(self, method, body, status, headers):
        self.put()
        expect(self.send(method, auth="query", headers=headers, body=body), status)
        after = {"PUT": b"new content", "PATCH": b"Content"}.get(method, b"content")
        self.must_be_missing() if method == "DELETE" else self.must_be(after)

    def test_list(self):
        page = parse_xml(expect(self.of_bucket("GET", {"list-type": 2, "prefix": "object"}, auth="query"),
                                200))
        self.assertEqual(texts(page, "Contents/Key"), ["object"])

    def test_headers_that_are_signed(self):
        headers = {"Content-Type": "text/plain", "x-amz-meta-a": "b"}
        expect(self.send("PUT", auth="query", headers=headers, body=b"new"), 200)
        expect(self.get(), 200, {"Content-Type": "text/plain", "x-amz-meta-a": "b"}, body=b"new")

    def test_headers_that_are_not_signed_and_not_of_amz(self):
        request = prepare("GET", self.object, auth="query")
        request.headers += [("Range", "bytes=0-1"), ("User-Agent", "browser"), ("Accept", "*/*")]
        expect(exchange(request), 206, body=b"co")

    @rows({"1 second": (1, 0), "7 days": (604_800, 0), "signed 6 days ago": (604_800, -6 * 1440),
           "signed 14 minutes ahead": (60, 14)})
    def test_is_in_time(self, expires, when):
        expect(call("GET", self.object, auth="query", expires=expires, when=minutes(when)), 200,
               body=b"content")

    @rows({"a minute ago": (60, -2), "7 days ago": (604_800, -7 * 1440 - 1), "not yet valid": (3600, 20)})
    def test_is_not_in_time(self, expires, when):
        expect(call("GET", self.object, auth="query", expires=expires, when=minutes(when)), 403,
               code="AccessDenied")

    @rows({"0": "0", "negative": "-1", "above 7 days": "604801", "no number": "x", "empty": "",
           "fraction": "1.5",
           "enormous": "9" * 30})
    def test_expires_is_refused(self, expires):
        expect(call("GET", self.object, auth="query", expires=expires), 400,
               code="AuthorizationQueryParametersError")

    def test_by_boto3(self):
        url = client().generate_presigned_url("get_object", {"Bucket": self.bucket, "Key": "object"}, 60)
        target = url.split("/", 3)[3]
        request = Request("GET", "/" + target, [("Host", wire.http_endpoint().netloc)])
        expect(exchange(request), 200, body=b"content")

    @rows({name: name for name in ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                                   "X-Amz-SignedHeaders", "X-Amz-Signature")})
    def test_parameter_is_missing(self, name):
        request = prepare("GET", self.object, auth="query")
        request.target = re.sub(f"{name}=[^&]*&?", "", request.target).rstrip("&")
        expect(exchange(request), 400, code="AuthorizationQueryParametersError")

    @rows({"algorithm": ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
           "region": (f"%2F{signing.REGION}%2F", "%2Feu-west-1%2F"),
           "service": ("%2Fs3%2F", "%2Fs4%2F"), "end of the scope": ("aws4_request", "aws5_request"),
           "date": ("X-Amz-Date=20", "X-Amz-Date=x0")})
    def test_parameter_is_wrong(self, old, new):
        request = prepare("GET", self.object, auth="query")
        self.assertIn(old, request.target)
        request.target = request.target.replace(old, new, 1)
        expect(exchange(request), 400, code="AuthorizationQueryParametersError")

    @rows({"path": ("object?", "objecu?"), "expires": ("Expires=300", "Expires=3000"),
           "parameter": ("?", "?versionId=null&"),
           "signature": ("Signature=", "Signature=0")})
    def test_is_changed_afterwards(self, old, new):
        request = prepare("GET", self.object, auth="query")
        request.target = request.target.replace(old, new, 1)
        if old == "Signature=":
            request.target = request.target[:-1]
        expect(exchange(request), 403, code="SignatureDoesNotMatch")

    def test_is_not_for_another_method(self):
        request = prepare("GET", self.object, auth="query")
        for method in ("PUT", "DELETE", "PATCH"):
            request.method = method
            expect(exchange(request), 403, code="SignatureDoesNotMatch")
        self.must_be(b"content", "object")

    def test_amz_header_that_is_not_signed(self):
        request = prepare("PUT", self.path(), auth="query", body=b"x")
        request.headers.append(("x-amz-meta-a", "b"))
        expect(exchange(request), 403, code="AccessDenied")
        self.must_be_missing()

    def test_wrong_secret(self):
        expect(call("GET", self.object, auth="query", credentials=wrong_secret()), 403,
               code="SignatureDoesNotMatch")

    def test_unknown_access_key(self):
        expect(call("GET", self.object, auth="query", credentials=nobody()), 403, code="InvalidAccessKeyId")

    def test_keeps_its_own_query(self):
        query = "response-content-type=" + quote_all("text/x; a=b+c")
        expect(call("GET", self.object, query=query, auth="query"), 200, {"Content-Type": "text/x; a=b+c"})

    def test_old_date_header_does_not_matter(self):
        request = prepare("GET", self.object, auth="query")
        request.headers.append(("Date", http_date(-7200)))
        expect(exchange(request), 200)
