"""HTTP byte by byte: requests are sent exactly as they are given, answers are kept exactly as they came."""
import http.client
import os
import socket
import ssl
import threading
import urllib.parse
from dataclasses import dataclass, field

TIMEOUT_S = 60
SHOWN_BYTES = 2000


@dataclass
class Request:
    method: str
    target: str  # as sent: path and query, percent-encoded
    headers: list = field(default_factory=list)  # (name, value) pairs, in the order of the wire
    body: bytes = b""

    def get(self, name: str):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def set(self, name: str, value: str) -> None:
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name: str) -> None:
        self.headers = [(key, value) for key, value in self.headers if key.lower() != name.lower()]

    def head(self, version: str = "HTTP/1.1") -> bytes:
        lines = [f"{self.method} {self.target} {version}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


@dataclass
class Answer:
    request: Request
    status: int
    headers: list
    body: bytes
    surplus: bytes = b""  # what came behind the answer though nothing more was asked for

    def get(self, name: str):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def __str__(self) -> str:
        request = self.request.head().decode("utf-8", "replace").rstrip().replace("\r\n", "\n    ")
        answer = "\n    ".join(f"{name}: {value}" for name, value in self.headers)
        return (f"request:\n    {request}\n    {shown(self.request.body)}\n"
                f"answer: {self.status}\n    {answer}\n    {shown(self.body)}")


def shown(body: bytes) -> str:
    text = body[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return f"[{len(body)} bytes] {text}" + ("..." if len(body) > SHOWN_BYTES else "")


class Endpoint:
    def __init__(self, url: str, ca: str = ""):
        parts = urllib.parse.urlsplit(url)
        self.url, self.host, self.netloc = url, parts.hostname, parts.netloc
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.tls = ssl.create_default_context(cafile=ca or None) if parts.scheme == "https" else None

    def connect(self) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout=TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.tls.wrap_socket(plain, server_hostname=self.host) if self.tls else plain


class _Shared:
    """What http.client takes for a socket. Its reader stays open: the next answer stands behind this one."""

    def __init__(self, reader):
        self.reader = reader

    def makefile(self, *_args):
        return self

    def close(self):
        pass

    def flush(self):
        pass

    def __getattr__(self, name):
        return getattr(self.reader, name)


class Connection:
    """One connection, kept alive. Threads: one at a time."""

    def __init__(self, endpoint: Endpoint):
        self.socket = endpoint.connect()
        self.reader = self.socket.makefile("rb")
        self.open, self.used = True, False

    def write(self, data: bytes) -> None:
        """An early answer may come with a reset: then there is still something to read."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.open = False

    def read(self, request: Request) -> Answer:
        """The next answer that is not 1xx; raises what http.client does when none comes, or one cut short."""
        response = http.client.HTTPResponse(_Shared(self.reader), method=request.method)
        response.begin()
        body = response.read()
        if response.will_close:
            self.open = False
        self.used = True
        return Answer(request, response.status, response.getheaders(), body)

    def surplus(self) -> bytes:
        """What has come without being asked for; does not wait."""
        self.socket.settimeout(0)
        try:
            return bytes(self.reader.peek(1) or b"")
        except (OSError, ValueError):
            return b""
        finally:
            self.socket.settimeout(TIMEOUT_S)

    def exchange(self, request: Request) -> Answer:
        self.write(request.head() + request.body)
        answer = self.read(request)
        if request.method == "HEAD" or answer.status in (204, 304):
            answer.surplus = self.surplus()
        return answer

    def close(self) -> None:
        self.open = False
        self.reader.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()


_kept = threading.local()


def exchange(endpoint: Endpoint, request: Request) -> Answer:
    """Over the thread's connection, which is kept alive; made anew, once, if the server has closed it."""
    connections = _kept.__dict__.setdefault("connections", {})
    kept = connections.pop(endpoint.url, None)
    if kept is not None and kept.open:
        try:
            return _on(connections, endpoint, kept, request)
        except (ConnectionError, http.client.RemoteDisconnected, BrokenPipeError):
            kept.close()
    return _on(connections, endpoint, Connection(endpoint), request)


def _on(connections: dict, endpoint: Endpoint, connection: Connection, request: Request) -> Answer:
    try:
        answer = connection.exchange(request)
    except Exception:
        connection.close()
        raise
    if connection.open and not answer.surplus:
        connections[endpoint.url] = connection
    else:
        connection.close()
    return answer


def http_endpoint() -> Endpoint:
    return Endpoint(os.environ["PBFS_S3_ENDPOINT"].rstrip("/"))


def https_endpoint():
    """None where the environment names none."""
    url = os.environ.get("PBFS_S3_HTTPS_ENDPOINT", "")
    return Endpoint(url.rstrip("/"), os.environ.get("PBFS_S3_CA", "")) if url else None
