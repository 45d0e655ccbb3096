"""What all tables of malformed requests use."""
import http.client
from dataclasses import dataclass

from suite import signing, wire
from suite.harness import call, expect, make_bucket, parse_xml, prepare, query_of
from suite.wire import Request

CONTENT = b"0123456789"


@dataclass
class Row:
    """One request, and which statuses its refusal may have."""

    name: str
    sent: bytes
    statuses: tuple = (400,)
    method: str = "GET"


class Site:
    """A bucket with an object of ten bytes and an unfinished upload: what requests of the tables are about, and what none may change."""

    def __init__(self):
        self.endpoint = wire.http_endpoint()
        self.host = f"Host: {self.endpoint.netloc}\r\n"
        self.bucket = make_bucket()
        self.object = f"/{self.bucket}/object"
        expect(call("PUT", self.object, body=CONTENT), 200)
        begun = expect(call("POST", f"/{self.bucket}/upload", query="uploads"), 200)
        self.upload = parse_xml(begun).findtext("UploadId")
        self.part = expect(self.call_part(1), 200).get("ETag")

    def call_part(self, number):
        return call("PUT", f"/{self.bucket}/upload", query={"uploadId": self.upload, "partNumber": number}, body=CONTENT)

    def is_as_it_was(self):
        """None, or what some request has changed."""
        listed = parse_xml(expect(call("GET", f"/{self.bucket}", query="list-type=2"), 200))
        names = [found.text for found in listed.iter("Key")]
        if names != ["object"]:
            return f"the bucket holds {names}"
        read = expect(call("GET", self.object), 200)
        if read.body != CONTENT or read.get("x-amz-tagging-count") or read.get("Content-Type") != "binary/octet-stream":
            return f"the object is another: {read}"
        parts = parse_xml(expect(call("GET", f"/{self.bucket}/upload", query={"uploadId": self.upload}), 200))
        if [found.text for found in parts.iter("PartNumber")] != ["1"]:
            return "the upload has other parts"
        for what in ("policy", "cors", "lifecycle", "tagging"):
            if call("GET", f"/{self.bucket}", query=what).status != 404:
                return f"the bucket has a {what}"
        return None

    def clear(self):
        call("DELETE", f"/{self.bucket}/upload", query={"uploadId": self.upload})
        call("DELETE", self.object)
        call("DELETE", f"/{self.bucket}")

    # ---- requests ----

    def signed(self, name, method, path, statuses=(400,), change=None, **options) -> Row:
        """Signed well; `change` spoils it afterwards."""
        request = prepare(method, path, **options)
        if change is not None:
            change(request)
        return Row(name, request.head() + request.body, statuses, method)

    def of_object(self, name, method, statuses=(400,), **options) -> Row:
        return self.signed(name, method, self.object, statuses, **options)

    def of_bucket(self, name, method, query, statuses=(400,), **options) -> Row:
        return self.signed(name, method, "/" + self.bucket, statuses, query=query, **options)


def ask(endpoint, row: Row):
    """The status of the answer; None: the connection ended without one."""
    with wire.Connection(endpoint) as connection:
        connection.write(row.sent)
        try:
            connection.socket.shutdown(1)  # so that what is missing of a body is known to be missing
        except OSError:
            pass  # closed already
        try:
            return connection.read(Request(row.method, "/")).status
        except (OSError, http.client.HTTPException):  # broken off, or nothing comes
            return None


__all__ = ["CONTENT", "Request", "Row", "Site", "ask", "prepare", "query_of", "signing"]
