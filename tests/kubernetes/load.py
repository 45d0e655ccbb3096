"""The workload of workload.py as a pod, and what it has seen."""
import json
import pathlib
import time

from kube import Failure

HERE = pathlib.Path(__file__).resolve().parent
POD = "load"


def start(kube, image, secret, bucket):
    suite = HERE.parent / "s3" / "suite"
    files = {"workload.py": HERE / "workload.py", "wire.py": suite / "wire.py", "signing.py": suite / "signing.py"}
    scripts = {name: path.read_text(encoding="utf-8") for name, path in files.items()} | {"init.py": ""}
    kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": POD}, "data": scripts})
    items = [{"key": "workload.py", "path": "workload.py"}, {"key": "init.py", "path": "suite/__init__.py"},
             {"key": "wire.py", "path": "suite/wire.py"}, {"key": "signing.py", "path": "suite/signing.py"}]
    kube.apply({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001,
                                "seccompProfile": {"type": "RuntimeDefault"}},
            # Beside the operator and nothing that a scenario takes away.
            "nodeSelector": {"pbfs.dev/load": "true"},
            "containers": [{
                "name": "load", "image": image,
                "command": ["python3", "/load/workload.py", "--bucket", bucket],
                "env": [{"name": "CA_FILE", "value": "/ca/ca.crt"}],
                "envFrom": [{"secretRef": {"name": secret}}],
                "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                    "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "load", "mountPath": "/load"}, {"name": "tmp", "mountPath": "/tmp"},
                                 {"name": "ca", "mountPath": "/ca"}]}],
            "volumes": [{"name": "load", "configMap": {"name": POD, "items": items}},
                        {"name": "tmp", "emptyDir": {}},
                        {"name": "ca", "secret": {"secretName": secret, "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}})
    kube.wait("the workload's first success", lambda: successes(kube), 120)


def successes(kube):
    """Times, ms since 1970."""
    return [int(line) for line in kube.execute(POD, "cat", "/tmp/load/successes").split()]


def failures(kube):
    return kube.execute(POD, "cat", "/tmp/load/failures", check=False).strip()


def gap(kube, begin_s, end_s):
    """The longest time, s, without a success between two points of time."""
    times = [begin_s * 1000, *[t for t in successes(kube) if begin_s * 1000 <= t <= end_s * 1000], end_s * 1000]
    return max(b - a for a, b in zip(times, times[1:])) / 1000


def await_traffic(kube, seconds=120):
    """Until requests succeed again: three in the last second."""
    kube.wait("the workload goes on", lambda: sum(t > (time.time() - 1) * 1000 for t in successes(kube)) >= 3, seconds)


def finish(kube):
    """Ends it, and returns what it says after its last look at every object."""
    kube.execute(POD, "touch", "/tmp/load/stop")
    text = kube.wait("the workload's result", lambda: kube.execute(POD, "cat", "/tmp/load/result"), 600)
    result = json.loads(text)
    if result["failures"]:
        raise Failure(f"{len(result['failures'])} wrong answers: {result['failures'][:3]}")
    return result
