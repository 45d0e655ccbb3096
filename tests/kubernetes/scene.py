"""What scenarios are made of: the cluster under test, its objects, and waiting for what becomes of them."""
import base64
import contextlib
import os
import shlex

import load
from kube import Failure, Kube, condition, run

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


def load_node(kube):
    """The node of the workload's pod."""
    return kube.get("pod", load.POD)["spec"]["nodeName"]


@contextlib.contextmanager
def spaced(name):
    """A namespace that is not there afterwards, nor what was in it."""
    kube = Kube(name)
    kube.kubectl("create", "namespace", name)
    try:
        yield kube
    finally:
        kube.kubectl("delete", "namespace", name, "--wait=true", "--timeout=240s", timeout=300)


def small_cluster(name="small", stores=3, storage_class=None, **spec):
    """One beside the cluster under test, as small as can be."""
    storage = {"size": "1Gi"} | ({"storageClassName": storage_class} if storage_class else {})
    return cluster_object(name, **{
        "redundancy": {"dataShards": 1, "parityShards": 2}, "gateway": {"replicas": 1}, "catalog": {"replicas": 1},
        "fragmentStore": {"pools": [{"name": "main", "replicas": stores, "storage": storage}]},
        "postgres": {"type": "Managed", "managed": {"instances": 1, "synchronousStandbys": 0, "storage": storage}}} | spec)


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
    # Four receipts are enough: of three nodes with two stores each one may be away, and writes go on.
    spec = {"redundancy": {"dataShards": 4, "parityShards": 2, "minWriteShards": 4},
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


def s3(kube, *arguments, secret=KEY, of=None, check=True):
    """aws in the workload's pod, with the pair of a Secret: of this namespace, or of `of`. By standard input, so that nothing of it is an argument."""
    values = secret_values(of or kube, secret)
    lines = [f"{name}={shlex.quote(value)}" for name, value in values.items() if name.startswith("AWS_")]
    lines += [f"CA={shlex.quote(values['ca.crt'])}", "AWS_CA_BUNDLE=/tmp/s3-ca.crt", "AWS_MAX_ATTEMPTS=3"]
    script = 'set -a; . /dev/stdin; echo "$CA" >$AWS_CA_BUNDLE; exec aws --endpoint-url "$AWS_ENDPOINT_URL_S3" "$@"'
    return kube.kubectl("exec", "-i", load.POD, "--", "bash", "-c", script, "aws", *arguments, stdin="\n".join(lines) + "\n",
                        check=check).stdout


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
        kube.wait(f"the pod {pod} is ready", lambda pod=pod: condition(kube.get("pod", pod), "Ready")[0] == "True", 240)
    ready(kube)
