"""What scenarios are made of: the cluster under test, its objects, and waiting for what becomes of them."""
import base64
import os
import shlex

import load
from kube import Failure, condition, run

CLUSTER, BUCKET, KEY = "demo", "photos", "app"
WANTED = {"stores": 6, "size": "2Gi", "authority": 1}  # as scenarios have left it
SCENARIOS = []  # (name, function), in the order in which they run


def scenario(function):
    SCENARIOS.append((function.__name__.replace("_", " "), function))
    return function


class Skipped(Exception):
    """A scenario that needs what is not there. The run does not count as ok."""


def node_tool(*words):
    """Crashes, partitions and mends nodes: what they are made of, no API server knows."""
    program = os.environ.get("PBFS_NODE_TOOL")
    if not program:
        raise Skipped("PBFS_NODE_TOOL is not set: a program with the sub-commands node-crash, node-start, node-wipe, "
                      "node-partition, node-heal, node-freeze, node-thaw (each with a node's number), apiserver-crash, apiserver-start")
    run([*shlex.split(program), *words], timeout=180)


def expect(true, what):
    if not true:
        raise Failure(what)


def pool(name="main", **wanted):
    wanted = WANTED | wanted
    return {"name": name, "replicas": wanted["stores"], "storage": {"size": wanted["size"]}}


def want(kube, **wanted):
    """Another number of stores, or another size, from now on."""
    WANTED.update(wanted)
    kube.apply(cluster_object())


def cluster_object(name=CLUSTER, **spec):
    spec = {"redundancy": {"dataShards": 4, "parityShards": 2},
            "fragmentStore": {"pools": [pool()]},
            "gateway": {"replicas": 2}, "catalog": {"replicas": 2},
            "tls": {"caGeneration": WANTED["authority"]}} | spec
    return {"apiVersion": "pbfs.dev/v1alpha1", "kind": "PBFSCluster", "metadata": {"name": name}, "spec": spec}


def dependent(kind, name, **spec):
    return {"apiVersion": "pbfs.dev/v1alpha1", "kind": kind, "metadata": {"name": name},
            "spec": {"clusterRef": {"name": CLUSTER}} | spec}


def bucket_object(name, **spec):
    return dependent("PBFSBucket", name, **spec)


def key_object(name, **spec):
    return dependent("PBFSAccessKey", name, **spec)


def ready(kube, seconds=240, name=CLUSTER):
    """Ready, of the spec as it is now."""
    def look():
        cluster = kube.get("pbfscluster", name)
        current = cluster["status"]["observedGeneration"] == cluster["metadata"]["generation"]
        return current and condition(cluster, "Ready")[0] == "True"
    try:
        kube.wait(f"the cluster {name} is ready", look, seconds)
    except Failure as failure:
        raise Failure(f"{failure}: {condition(kube.get('pbfscluster', name), 'Ready')}") from None


def reason(kube, kind, name, of="Ready"):
    return condition(kube.get(kind, name), of)[1]


def await_reason(kube, kind, name, wanted, of="Ready", seconds=90):
    kube.wait(f"{of} of {kind} {name} is {wanted}", lambda: reason(kube, kind, name, of) == wanted, seconds)


def uid(kube, kind, name):
    found = kube.get(kind, name)
    return found["metadata"]["uid"] if found else None


def replaced(kube, kind, name, old, seconds=120):
    kube.wait(f"{kind} {name} comes back", lambda: uid(kube, kind, name) not in (None, old), seconds)


def s3(kube, *arguments, secret=KEY, check=True):
    """aws in the workload's pod, with the pair of a Secret."""
    values = secret_values(kube, secret)
    words = [f"{name}={value}" for name, value in values.items() if name.startswith("AWS_")]
    return kube.execute(load.POD, "env", *words, "AWS_CA_BUNDLE=/ca/ca.crt", "AWS_MAX_ATTEMPTS=3", "aws", *arguments, check=check)


def secret_values(kube, name):
    secret = kube.get("secret", name)
    if secret is None:
        raise Failure(f"no Secret {name}")
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def kill(kube, *pods):
    for pod in pods:
        kube.delete("pod", pod, force=True)


def kill_and_await(kube, *pods):
    old = {pod: uid(kube, "pod", pod) for pod in pods}
    kill(kube, *pods)
    for pod, was in old.items():
        replaced(kube, "pod", pod, was)
    ready(kube)
