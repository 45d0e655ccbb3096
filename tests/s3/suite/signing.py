"""Signature Version 4 by botocore, with each of its inputs open to being wrong."""
import datetime
import hashlib
import os
import urllib.parse

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .wire import Request

REGION = "us-east-1"
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def keys() -> Credentials:
    return Credentials(os.environ["PBFS_S3_ACCESS_KEY"], os.environ["PBFS_S3_SECRET_KEY"])


def _sign(auth, request: AWSRequest, when: datetime.datetime) -> str:
    request.context["timestamp"] = when.strftime(SIGV4_TIMESTAMP)
    auth._modify_request_before_signing(request)
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    auth._inject_signature_to_request(request, signature)
    return signature


def canonical_path(_auth, path: str) -> str:
    """Encoded once, in the one way that SigV4 knows, however the request wrote it."""
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="/-_.~")


class HeaderAuth(S3SigV4Auth):
    """`payload_hash` is signed as it is given, whatever the body. `unsigned` names headers to leave out."""

    def __init__(self, credentials, region, payload_hash, unsigned=(), service="s3"):
        super().__init__(credentials, service, region)
        self.payload_hash, self.unsigned = payload_hash, {name.lower() for name in unsigned}

    _normalize_url_path = canonical_path

    def payload(self, _request):
        return self.payload_hash

    def _set_necessary_date_headers(self, request):
        """One of both, as botocore does; but Date in the form of HTTP."""
        super()._set_necessary_date_headers(request)
        if "Date" in request.headers:
            signed = datetime.datetime.strptime(request.context["timestamp"], SIGV4_TIMESTAMP)
            request.headers.replace_header("Date", signed.strftime("%a, %d %b %Y %H:%M:%S GMT"))

    def headers_to_sign(self, request):
        headers = super().headers_to_sign(request)
        for name in self.unsigned:
            del headers[name]
        return headers


class QueryAuth(S3SigV4QueryAuth):
    _normalize_url_path = canonical_path

    def __init__(self, credentials, region, expires):
        super().__init__(credentials, "s3", region, expires=expires)


class Chain:
    """Signs the chunks of a body, each with the signature before it; begins with that of the request."""

    def __init__(self, auth: HeaderAuth, request: AWSRequest, seed: str):
        self.auth, self.request, self.last = auth, request, seed

    def _next(self, kind: str, *hashes: str) -> str:
        head = [kind, self.request.context["timestamp"], self.auth.credential_scope(self.request), self.last]
        self.last = self.auth.signature("\n".join(head + list(hashes)), self.request)
        return self.last

    def chunk(self, data: bytes) -> str:
        return self._next("AWS4-HMAC-SHA256-PAYLOAD", EMPTY_SHA256, hashlib.sha256(data).hexdigest())

    def trailers(self, lines: str) -> str:
        return self._next("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(lines.encode()).hexdigest())


def _to_botocore(request: Request) -> AWSRequest:
    signed = AWSRequest(method=request.method, url="http://" + request.get("Host") + request.target)
    for name, value in request.headers:
        signed.headers[name] = value
    return signed


def sign(request: Request, payload: str, *, when=None, credentials=None, region=REGION, unsigned=(),
         service="s3") -> Chain:
    """Adds X-Amz-Date, X-Amz-Content-SHA256 and Authorization to a request that has Host."""
    request.set("X-Amz-Content-SHA256", payload)
    auth = HeaderAuth(credentials or keys(), region, payload, unsigned, service)
    signed = _to_botocore(request)
    seed = _sign(auth, signed, when or now())
    for name in ("X-Amz-Date", "Date", "Authorization"):
        if name in signed.headers:
            request.set(name, signed.headers[name])
    return Chain(auth, signed, seed)


def presign(request: Request, *, when=None, credentials=None, region=REGION, expires=300) -> None:
    """Puts the signature into the query of a request that has Host; its other headers are signed as well."""
    signed = _to_botocore(request)
    _sign(QueryAuth(credentials or keys(), region, expires), signed, when or now())
    parts = urllib.parse.urlsplit(signed.url)
    request.target = parts.path + "?" + parts.query
