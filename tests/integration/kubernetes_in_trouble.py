"""The least Kubernetes on which an operator leads: leases, two PBFSClusters that are not well, and nothing else. Whatever it writes besides
its lease fails, so its looks fail as well: what it shows is of a process that runs, and says of the clusters what their status says.
"""
import contextlib
import http.server
import json
import ssl
import threading
import time
import urllib.parse

LEASES = "/apis/coordination.k8s.io/v1/namespaces/pbfs-system/leases"


def condition(kind: str, status: str, reason: str) -> dict:
    return {"type": kind, "status": status, "reason": reason, "message": "x", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def cluster(name: str, conditions: list, **status) -> dict:
    return {"apiVersion": "pbfs.dev/v1alpha1", "kind": "PBFSCluster",
            "metadata": {"name": name, "namespace": "storage", "uid": name, "resourceVersion": "5", "generation": 1},
            "spec": {}, "status": {"conditions": conditions, **status}}


CLUSTERS = [
    cluster("new", [condition("Ready", "False", "Bootstrapping"), condition("Available", "False", "NotServing")]),
    cluster("old", [condition("Ready", "False", "StoreLost"), condition("Available", "True", "Serving"),
                    condition("SpecValid", "False", "SpecRejected"), condition("IdentityConsistent", "False", "SecretLost"),
                    condition("CertificatesValid", "False", "NotIssued"), condition("Degraded", "True", "ObjectsRefused"),
                    condition("ScalingBlocked", "True", "ScalingBlocked"), condition("UpgradeBlocked", "True", "NotWell"),
                    condition("VolumesResizing", "False", "VolumeExpansionUnsupported"),
                    condition("DeletionBlocked", "True", "DeletionBlocked")],
            stores={"total": 4, "ready": 2, "draining": 1, "lost": 1},
            operation={"type": "ScaleDown", "lastProgressTime": "2026-01-01T00:00:00Z"},
            tls={"nearestExpiryTime": "2026-02-01T00:00:00Z"}),
]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    leases: dict = {}
    versions = 10
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def answer(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status: int, reason: str) -> None:
        self.answer(status, {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": reason})

    def body(self) -> dict:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")

    def do_GET(self):  # noqa: N802
        url = urllib.parse.urlparse(self.path)
        if "watch=1" in url.query or "watch=true" in url.query:
            time.sleep(1)  # nothing happens, and the watch ends
            return self.answer_nothing()
        name = url.path.rsplit("/", 1)[-1]
        if url.path.startswith(LEASES + "/"):
            lease = self.leases.get(name)
            return self.answer(200, lease) if lease else self.refuse(404, "NotFound")
        known = [one for one in CLUSTERS if url.path.endswith(f"/pbfsclusters/{one['metadata']['name']}")]
        if known:
            return self.answer(200, known[0])
        items = CLUSTERS if name == "pbfsclusters" else list(self.leases.values()) if url.path == LEASES else []
        return self.answer(200, {"metadata": {"resourceVersion": "5"}, "items": items})

    def answer_nothing(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def keep(self, status: int) -> None:
        with self.lock:
            lease = self.body()
            Handler.versions += 1
            lease["metadata"].update(uid="lease", resourceVersion=str(Handler.versions))
            self.leases[lease["metadata"]["name"]] = lease
        self.answer(status, lease)

    def do_POST(self):  # noqa: N802
        if self.path.split("?")[0] == LEASES:
            return self.keep(201)
        self.body()
        return self.refuse(500, "InternalError")

    def do_PUT(self):  # noqa: N802
        return self.keep(200)

    def do_PATCH(self):  # noqa: N802
        self.body()
        self.refuse(500, "InternalError")


@contextlib.contextmanager
def serve(tls: str, folder: str):
    """Gives the `kubernetes` of the operator's configuration. `tls` has certificates for the loopback address, `folder` takes a token."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{tls}/gateway.pem", f"{tls}/gateway-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with open(f"{folder}/token", "w", encoding="utf-8") as file:
        file.write("token")
    try:
        yield {"server": f"https://127.0.0.1:{server.server_port}", "caFile": f"{tls}/ca.pem", "tokenFile": f"{folder}/token",
               "namespace": "pbfs-system"}
    finally:
        server.shutdown()
        server.server_close()
