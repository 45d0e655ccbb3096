"""CORS: the documents, preflights, and what browsers are told with an answer."""
import re

from .harness import BucketCase, call, expect, parse_xml, rows, texts

VARY = re.compile("Origin, Access-Control-Request-Headers, Access-Control-Request-Method")


def element(name: str, *values: str) -> str:
    return "".join(f"<{name}>{value}</{name}>" for value in values)


def rule(origin="https://a.example", methods=("GET",), headers=(), more="") -> str:
    return element("CORSRule", element("AllowedOrigin", origin) + element("AllowedMethod", *methods)
                   + element("AllowedHeader", *headers) + more)


def document(rules: str) -> bytes:
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<CORSConfiguration xmlns="{namespace}">{rules}</CORSConfiguration>'.encode()


RULES = "\n".join([
    rule("https://one.example", ("GET", "PUT"), ("content-type", "X-Amz-*"),
         element("ExposeHeader", "ETag", "x-amz-request-id") + element("MaxAgeSeconds", "600")),
    rule("https://*.two.example", ("PATCH",), ("*",)),
    rule("*", ("HEAD",)),
])


class CorsCase(BucketCase):
    """The rules of the bucket go with their case."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.of_bucket, "DELETE", "cors")

    def allow(self, rules):
        expect(self.of_bucket("PUT", "cors", body=document(rules)), 200)

    def preflight(self, origin, method, headers="", path=None):
        given = {"Origin": origin, "Access-Control-Request-Method": method}
        return call("OPTIONS", path or self.path(), auth="none",
                    headers=given | ({"Access-Control-Request-Headers": headers} if headers else {}))


class Documents(CorsCase):
    def test_is_put_read_and_deleted(self):
        self.allow(RULES)
        found = parse_xml(expect(self.of_bucket("GET", "cors"), 200, {"Content-Type": "application/xml"}))
        self.assertEqual(found.tag, "CORSConfiguration")
        self.assertEqual(texts(found, "CORSRule/AllowedOrigin"),
                         ["https://one.example", "https://*.two.example", "*"])
        self.assertEqual(texts(found, "CORSRule/AllowedHeader"), ["content-type", "X-Amz-*", "*"])
        self.assertEqual(texts(found, "CORSRule/MaxAgeSeconds"), ["600"])
        expect(self.of_bucket("DELETE", "cors"), 204)
        expect(self.of_bucket("GET", "cors"), 404, code="NoSuchCORSConfiguration")
        expect(self.of_bucket("DELETE", "cors"), 204)

    @rows({"empty": (b"", "MalformedXML"), "no rules": (document(""), "MalformedXML"),
           "no XML": (b"x", "MalformedXML"),
           "another document": (b"<Tagging/>", "MalformedXML"),
           "no origin": (document("<CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule>"), "MalformedXML"),
           "no method": (document("<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>"), "MalformedXML"),
           "unknown method": (document(rule(methods=("LINK",))), "InvalidRequest"),
           "two wildcards": (document(rule("https://*.a.*")), "InvalidRequest"),
           "two wildcards in a header": (document(rule(headers=("x-*-*",))),
                                         "InvalidRequest"),
           "age that is none": (document(rule(more="<MaxAgeSeconds>long</MaxAgeSeconds>")), "MalformedXML"),
           "101 rules": (document(rule() * 101), "MalformedXML")})
    def test_is_refused_and_the_old_one_stays(self, body, code):
        self.allow(rule())
        expect(self.of_bucket("PUT", "cors", body=body), 400, code=code)
        self.assertEqual(texts(parse_xml(expect(self.of_bucket("GET", "cors"), 200)),
                               "CORSRule/AllowedOrigin"), ["https://a.example"])

    def test_of_100_rules(self):
        self.allow(rule() * 99 + rule("https://last.example"))
        expect(self.preflight("https://last.example", "GET"), 200,
               {"Access-Control-Allow-Origin": "https://last.example"})


class Preflights(CorsCase):
    def setUp(self):
        super().setUp()
        self.allow(RULES)

    @rows({"its method": ("https://one.example", "GET", ""),
           "another of its methods": ("https://one.example", "PUT", ""),
           "a header": ("https://one.example", "PUT", "content-type"),
           "a header in another case": ("https://one.example", "PUT", "Content-Type"),
           "a header by wildcard": ("https://one.example", "PUT", "x-amz-meta-a"),
           "headers": ("https://one.example", "PUT", "content-type, x-amz-date,x-amz-acl"),
           "an origin by wildcard": ("https://a.two.example", "PATCH", ""),
           "deeper": ("https://a.b.two.example", "PATCH", "anything"),
           "any origin": ("null", "HEAD", ""),
           "an origin of another rule": ("https://one.example", "HEAD", "")})
    def test_is_allowed(self, origin, method, headers):
        answer = expect(self.preflight(origin, method, headers), 200, {"Vary": VARY}, body=b"")
        self.assertIn(answer.get("Access-Control-Allow-Origin"), (origin, "*"))
        self.assertIn(method,
                      [name.strip() for name in answer.get("Access-Control-Allow-Methods").split(",")])
        allowed = (answer.get("Access-Control-Allow-Headers") or "").lower().replace(" ", "").split(",")
        for name in filter(None, headers.lower().replace(" ", "").split(",")):
            self.assertIn(name, allowed)

    @rows({"another method": ("https://one.example", "DELETE", ""),
           "another origin": ("https://three.example", "GET", ""),
           "another scheme": ("http://one.example", "GET", ""),
           "another port": ("https://one.example:8443", "GET", ""),
           "a longer origin": ("https://one.example.evil.org", "GET", ""),
           "the domain itself": ("https://two.example", "PATCH", ""),
           "another header": ("https://one.example", "PUT", "authorization"),
           "one header of two": ("https://one.example", "PUT", "content-type, authorization"),
           "method of another rule": ("https://one.example", "PATCH", ""),
           "any origin with a header": ("null", "HEAD", "content-type"),
           "method in lower case": ("https://one.example", "get", "")})
    def test_is_refused(self, origin, method, headers):
        expect(self.preflight(origin, method, headers), 403, {"Access-Control-Allow-Origin": None},
               code="AccessForbidden")

    def test_says_what_the_rule_says(self):
        answer = self.preflight("https://one.example", "PUT", "content-type")
        expect(answer, 200, {"Access-Control-Max-Age": "600",
                             "Access-Control-Allow-Origin": "https://one.example",
                             "Access-Control-Allow-Methods": re.compile("GET, ?PUT"),
                             "Access-Control-Expose-Headers": re.compile("ETag, ?x-amz-request-id")})

    def test_needs_no_object(self):
        expect(self.preflight("https://one.example", "PUT", path=f"/{self.bucket}/nothing"), 200)
        expect(self.preflight("https://one.example", "GET", path=f"/{self.bucket}"), 200)

    def test_needs_a_method(self):
        answer = call("OPTIONS", self.path(), auth="none", headers={"Origin": "https://one.example"})
        expect(answer, 400, code="BadRequest" if b"BadRequest" in answer.body else "InvalidRequest")

    def test_ends_with_the_document(self):
        expect(self.of_bucket("DELETE", "cors"), 204)
        expect(self.preflight("https://one.example", "GET"), 403, code="AccessForbidden")


class Answers(CorsCase):
    def setUp(self):
        super().setUp()
        self.allow(RULES)
        self.put()

    ONE = {"Access-Control-Allow-Origin": "https://one.example",
           "Access-Control-Expose-Headers": re.compile("ETag, ?x-amz-request-id"),
           "Vary": VARY}
    NONE = {"Access-Control-Allow-Origin": None, "Access-Control-Expose-Headers": None}

    def test_tell_the_browser(self):
        expect(self.get(headers={"Origin": "https://one.example"}), 200, self.ONE, body=b"content")

    def test_tell_the_browser_of_a_put(self):
        expect(self.send("PUT", body=b"new", headers={"Origin": "https://one.example"}), 200, self.ONE)

    def test_tell_the_browser_of_failures_too(self):
        expect(self.get("nothing", headers={"Origin": "https://one.example"}), 404, self.ONE,
               code="NoSuchKey")
        expect(self.get(headers={"Origin": "https://one.example"}, auth="none"), 403, self.ONE,
               code="AccessDenied")
        expect(self.get(headers={"Origin": "https://one.example", "If-None-Match": "*"}), 304, self.ONE)

    def test_tell_everybody_of_a_star(self):
        expect(self.head(headers={"Origin": "https://anybody.example"}), 200,
               {"Access-Control-Allow-Origin": "*"})

    @rows({"no origin": {}, "another origin": {"Origin": "https://three.example"}})
    def test_tell_nothing_to(self, headers):
        expect(self.get(headers=headers), 200, self.NONE, body=b"content")

    def test_tell_nothing_of_another_method(self):
        expect(self.send("DELETE", headers={"Origin": "https://one.example"}), 204, self.NONE)
