"""Bodies in aws-chunked form, right ones and wrong ones."""
from . import signing, wire
from .harness import prepare
from .wire import Answer

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def encode(body: bytes, chain: signing.Chain | None, sizes: list, trailers: dict | None,
           sign_trailers: bool) -> list:
    """The pieces of a chunked body, joined by whoever sends it: a piece for each chunk, one for the end."""
    pieces, at = [], 0
    for size in sizes + [0]:
        chunk = body[at:at + size]
        at += len(chunk)
        signature = f";chunk-signature={chain.chunk(chunk)}" if chain else ""
        pieces.append(f"{len(chunk):x}{signature}\r\n".encode() + (chunk + b"\r\n" if chunk else b""))
    lines = "".join(f"{name}:{value}\n" for name, value in (trailers or {}).items())
    if sign_trailers:
        lines += f"x-amz-trailer-signature:{chain.trailers(lines)}\n"
    pieces[-1] += lines.replace("\n", "\r\n").encode() + b"\r\n"
    return pieces


def send(path: str, body: bytes, payload: str, *, sizes: list | None = None, trailers: dict | None = None,
         headers: dict | None = None, length: str | None = "", change=None, method: str = "PUT",
         http_chunks: bool = False, endpoint: wire.Endpoint | None = None) -> Answer:
    """PUTs `body` in chunks of `sizes` bytes.

    length   what x-amz-decoded-content-length says; "": the truth, None: nothing
    change   of the list of pieces, before they are joined
    """
    given = {"Content-Encoding": "aws-chunked", **(headers or {})}
    given = {name: value for name, value in given.items() if value is not None}
    if length is not None:
        given["x-amz-decoded-content-length"] = length or str(len(body))
    if trailers:
        given.setdefault("x-amz-trailer", ",".join(trailers))
    endpoint = endpoint or wire.http_endpoint()
    request = prepare(method, path, headers=given, payload=payload, endpoint=endpoint)
    chain = None
    if payload != UNSIGNED_TRAILER:
        request.drop("Content-Length")
        chain = signing.sign(request, payload)
    pieces = encode(body, chain, sizes or [len(body)] * bool(body), trailers, payload == SIGNED_TRAILER)
    request.body = b"".join(change(pieces) or pieces if change else pieces)
    request.drop("Content-Length")
    if http_chunks:
        request.headers.append(("Transfer-Encoding", "chunked"))
        request.body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(request.body), request.body)
    else:
        request.headers.append(("Content-Length", str(len(request.body))))
    return wire.exchange(endpoint, request)
