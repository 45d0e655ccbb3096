#!/usr/bin/env python3
"""What an operator costs that has nothing to do: two hundred buckets, and the leases of five hundred stores that are renewed every ten seconds.

  KUBECONFIG=... python3 tests/kubernetes/steady.py [--seconds 120] [--buckets 200] [--leases 500]

On a cluster that run.py has left with --keep. The leases are not those of stores, but as many and as often renewed, from here. Prints what the
leading operator used in that time, as its own metrics tell (processor, memory, requests of the API server by method), and the rate of renewals.
Figures are for people: nothing is judged here.
"""
import argparse
import concurrent.futures
import datetime
import http.client
import json
import pathlib
import re
import ssl
import sys
import tempfile
import base64
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from kube import Kube, run  # noqa: E402
from scene import bucket_object  # noqa: E402

PERIOD_S = 10


def connection():
    """To the API server, as kubectl makes it."""
    config = json.loads(run(["kubectl", "config", "view", "--raw", "--minify", "-o", "json"]).stdout)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    with tempfile.TemporaryDirectory() as folder:
        for field in ("client-certificate-data", "client-key-data"):
            pathlib.Path(folder, field).write_bytes(base64.b64decode(user[field]))
        context.load_cert_chain(f"{folder}/client-certificate-data", f"{folder}/client-key-data")
    return http.client.HTTPSConnection(cluster["server"].removeprefix("https://"), context=context)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Renewer:
    """Leases that are renewed one after the other, each every PERIOD_S."""

    def __init__(self, space, first, count):
        self.space, self.names, self.link, self.renewed = space, [f"steady-{i}" for i in range(first, first + count)], connection(), 0

    def apply(self, name):
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, "labels": {"steady": "yes"}},
                 "spec": {"holderIdentity": name, "leaseDurationSeconds": 30, "renewTime": now()}}
        self.link.request("PATCH", f"/apis/coordination.k8s.io/v1/namespaces/{self.space}/leases/{name}?fieldManager=steady&force=true",
                          json.dumps(lease), {"Content-Type": "application/apply-patch+yaml"})
        answer = self.link.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"steady: {answer.status} {text[:300]}")

    def run(self, seconds):
        end, turn = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < end:
            for name in self.names:
                self.apply(name)
                self.renewed += 1
                turn += PERIOD_S / len(self.names)
                time.sleep(max(0, turn - time.monotonic()))


def metrics(system, pod):
    text = system.kubectl("get", "--raw", f"/api/v1/namespaces/{system.space}/pods/{pod}:9090/proxy/metrics").stdout
    return {name: float(value) for name, value in re.findall(r"^([a-z_]\S*(?:\{.*\})?) (\S+)$", text, re.M)}


def leader(system):
    pods = [pod["metadata"]["name"] for pod in system.list("pods", "app.kubernetes.io/name=pbfs-operator")]
    return next(pod for pod in pods if any("leads" in name and value == 1 for name, value in metrics(system, pod).items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--buckets", type=int, default=200)
    parser.add_argument("--leases", type=int, default=500)
    options = parser.parse_args()
    kube, system = Kube("pbfs-e2e"), Kube("pbfs-system")
    began = time.monotonic()
    kube.apply(*[bucket_object(f"steady-{i}", deletionPolicy="Delete") for i in range(options.buckets)])

    def waiting():
        names = [one["metadata"]["name"] for one in kube.list("pbfsbuckets") if not any(
            c["type"] == "Ready" and c["status"] == "True" for c in one.get("status", {}).get("conditions", []))]
        return [name for name in names if name.startswith("steady-")]

    kube.wait("all buckets are ready", lambda: not waiting(), 900)
    print(f"{options.buckets} buckets were ready after {time.monotonic() - began:.0f} s", flush=True)
    threads = 10
    renewers = [Renewer(kube.space, i * options.leases // threads, options.leases // threads) for i in range(threads)]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda one: one.run(2 * PERIOD_S), renewers))  # until they are all there, and the operator is done
        pod, done = leader(system), sum(one.renewed for one in renewers)
        before, start = metrics(system, pod), time.monotonic()
        list(pool.map(lambda one: one.run(options.seconds), renewers))
        after, took = metrics(system, pod), time.monotonic() - start
    print(f"leases: {(sum(one.renewed for one in renewers) - done) / took:.1f} renewals a second")
    for name in sorted(after):
        grown = after[name] - before.get(name, 0)
        if name.startswith("process_cpu"):
            print(f"operator: {100 * grown / took:.2f} % of a core")
        elif name.startswith("process_resident"):
            print(f"operator: {after[name] / 2**20:.0f} MiB")
        elif name.startswith(("pbfs_operator_api", "pbfs_operator_reconcile")) and "_total" in name and grown:
            print(f"operator: {grown / took:.2f} a second of {name}")
    kube.kubectl("delete", "lease", "-l", "steady=yes", timeout=300)
    kube.kubectl("delete", "pbfsbucket", *[f"steady-{i}" for i in range(options.buckets)], "--wait=false", timeout=300)
    kube.wait("the buckets are gone", lambda: not [one for one in kube.list("pbfsbuckets") if one["metadata"]["name"].startswith("steady-")], 900)
    return 0


if __name__ == "__main__":
    sys.exit(main())
