"""Nodes, disks and authorities that go, and clusters that end. Nodes by PBFS_NODE_TOOL; never the one of the workload."""
import json

from kube import Kube, condition, run
from scene import (await_reason, bucket_object, BUCKET, CLUSTER, cluster_object, expect, key_object, node_tool, ready, s3, scenario,
                   uid, want, WANTED)

SECOND = "pbfs-e2e-second"  # the namespace of a cluster that ends


def nodes():
    return json.loads(run(["kubectl", "get", "nodes", "-o", "json"]).stdout)["items"]


def victim(kube):
    """A node with stores, and not the workload's: its name and its number."""
    names = {node["metadata"]["name"] for node in nodes() if node["metadata"]["labels"].get("pbfs.dev/load") != "true"}
    stores = {pod["spec"].get("nodeName") for pod in kube.list("pods", "app.kubernetes.io/component=fragment-store")}
    found = sorted(names & stores)
    expect(found, f"no node with stores but the workload's: {sorted(names)}, {sorted(map(str, stores))}")
    return found[-1], "".join(c for c in found[-1] if c.isdigit())


def stores_on(kube, node):
    return [pod["metadata"]["name"] for pod in kube.list("pods", "app.kubernetes.io/component=fragment-store")
            if pod["spec"].get("nodeName") == node]


def stores(kube):
    return kube.get("pbfscluster", CLUSTER)["status"]["stores"]


def put(kube, key="kept"):
    s3(kube, "s3api", "put-object", "--bucket", BUCKET, "--key", key, "--body", "/load/workload.py")


def get(kube, key="kept"):
    return s3(kube, "s3", "cp", f"s3://{BUCKET}/{key}", "-")


def all_up(kube, seconds=400):
    wanted = WANTED["stores"]
    kube.wait(f"{wanted} stores, and no number of another", lambda: stores(kube)["summary"] == f"{wanted}/{wanted}" and
              not kube.get("pbfscluster", CLUSTER)["status"].get("attention"), seconds)
    kube.wait("every body is whole", lambda: condition(kube.get("pbfscluster", CLUSTER), "RedundancySatisfied")[0] == "True", seconds)


def claims_of(kube, pods):
    return {pod: uid(kube, "pvc", f"data-{pod}") for pod in pods}


def attention(kube):
    return kube.get("pbfscluster", CLUSTER)["status"].get("attention", [])


def crash(kube):
    """A node crashes, under two of six stores: reads go on. Returns its name, its number, and the claims of its stores."""
    put(kube)
    before = get(kube)
    node, number = victim(kube)
    pods = stores_on(kube, node)
    node_tool("node-crash", number)
    kube.wait("its stores are missed", lambda: {one["pod"] for one in attention(kube)} >= set(pods), 180)
    kube.wait("reads go on", lambda: get(kube) == before, 180)
    return node, number, claims_of(kube, pods)


@scenario
def a_node_crashes_and_comes_back(kube, _world):
    _, number, claims = crash(kube)
    expect(all("acknowledge-lost" in one["message"] for one in attention(kube)), f"no advice: {attention(kube)}")
    node_tool("node-start", number)
    all_up(kube)
    ready(kube, 400)
    expect(claims_of(kube, claims) == claims, "a store was given up though its node came back")


@scenario
def a_nodes_disks_come_back_empty(kube, _world):
    """PostgreSQL's member there begins anew as well."""
    _, number, _ = crash(kube)
    node_tool("node-wipe", number)
    node_tool("node-start", number)
    all_up(kube, 600)
    ready(kube, 400)
    put(kube, "after")


def replaced_elsewhere(kube, node, claims):
    """Its stores are new ones on other nodes, and writes go on without it."""
    kube.wait("its claims are others", lambda: all(
        now not in (None, claims[pod]) for pod, now in claims_of(kube, claims).items()), 300)
    all_up(kube, 600)
    expect(not stores_on(kube, node), "a store is on the node that is gone")
    put(kube, "after")
    kept = json.loads(run(["kubectl", "get", "pv", "-l", f"pbfs.dev/retired=true,pbfs.dev/cluster={CLUSTER}", "-o", "json"]).stdout)["items"]
    expect(len(kept) >= len(claims), "the volumes of lost stores were not kept")
    for volume in kept:
        run(["kubectl", "delete", "pv", volume["metadata"]["name"], "--wait=false"])


def spread_again(kube):
    """Volumes do not move, so stores are given up one by one where there are too many: until then one node may hold more than can be lost."""
    for _ in range(WANTED["stores"]):
        count = {node["metadata"]["name"]: stores_on(kube, node["metadata"]["name"]) for node in nodes()}
        fullest, emptiest = max(count, key=lambda name: len(count[name])), min(count, key=lambda name: len(count[name]))
        if len(count[fullest]) - len(count[emptiest]) < 2:
            return
        give_up(kube, count[fullest][0])


def give_up(kube, pod):
    """A claim that is deleted by hand: its store goes with it, and another one takes its place."""
    before = uid(kube, "pvc", f"data-{pod}")
    kube.delete("pvc", f"data-{pod}")
    kube.delete("pod", pod)
    kube.wait("another claim", lambda: uid(kube, "pvc", f"data-{pod}") not in (None, before))
    all_up(kube)


@scenario
def a_node_is_gone_for_good(kube, _world):
    node, number, claims = crash(kube)
    run(["kubectl", "delete", "node", node])
    try:
        replaced_elsewhere(kube, node, claims)
    finally:
        node_tool("node-start", number)  # it comes as a new one
    kube.wait("the node is there", lambda: any(one["metadata"]["name"] == node for one in nodes()))
    ready(kube, 400)
    spread_again(kube)


@scenario
def a_node_is_out_of_service(kube, _world):
    node, number, claims = crash(kube)
    run(["kubectl", "taint", "node", node, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"])
    try:
        replaced_elsewhere(kube, node, claims)
    finally:
        run(["kubectl", "taint", "node", node, "node.kubernetes.io/out-of-service-"], check=False)
        node_tool("node-start", number)
    ready(kube, 400)
    spread_again(kube)


@scenario
def a_claim_is_deleted_by_hand(kube, _world):
    give_up(kube, "demo-fs-main-1")
    ready(kube, 400)


@scenario
def the_authority_is_rotated(kube, _world):
    before = kube.get("configmap", "demo-ca-bundle")["data"]["ca.crt"]
    want(kube, authority=WANTED["authority"] + 1)
    kube.wait("both are trusted", lambda: kube.get("configmap", "demo-ca-bundle")["data"]["ca.crt"].count("BEGIN CERTIFICATE") == 2)
    expect({"tls.key", "next.key"} <= set(kube.get("secret", "demo-ca")["data"]), "a pair is missing")
    # Keys are looked at every ten minutes, or when they change.
    for key in kube.list("pbfsaccesskey"):
        kube.kubectl("annotate", "--overwrite", "pbfsaccesskey", key["metadata"]["name"], f"e2e/authority={WANTED['authority']}")
    kube.wait("the new one is there alone", lambda: kube.get("pbfscluster", CLUSTER)["status"]["tls"]["caGeneration"] ==
              WANTED["authority"], 900)
    bundle = kube.get("configmap", "demo-ca-bundle")["data"]["ca.crt"]
    expect(bundle != before and bundle.count("BEGIN CERTIFICATE") == 1, "the bundle is not that of the new authority")
    expect(set(kube.get("secret", "demo-ca")["data"]) == {"tls.crt", "tls.key"}, "the authority before is kept")
    ready(kube)
    for pod in ("demo-fs-main-0", "demo-gateway-0"):  # whoever starts now knows only the new one
        kube.delete("pod", pod)
    ready(kube)


def begin_second(kube, policy):
    """A small cluster with an object in it."""
    run(["kubectl", "apply", "-f", "-"], stdin=f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {SECOND}, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
""")
    kube.apply(cluster_object(
        "small", deletionPolicy=policy, redundancy={"dataShards": 1, "parityShards": 2},
        fragmentStore={"pools": [{"name": "main", "replicas": 3, "storage": {"size": "1Gi"}}]},
        gateway={"replicas": 1}, catalog={"replicas": 1},
        postgres={"type": "Managed", "managed": {"instances": 1, "synchronousStandbys": 0, "storage": {"size": "1Gi"}}}))
    ready(kube, 400, name="small")
    kube.apply(bucket_object(BUCKET, clusterRef={"name": "small"}),
               key_object("app", clusterRef={"name": "small"},
                          grants=[{"bucketRef": {"name": BUCKET}, "access": ["Read", "Write", "List"]}]))
    await_reason(kube, "pbfsaccesskey", "app", "Ready")


def end_second(kube):
    kube.delete("pbfscluster", "small")
    kube.wait("the cluster is gone", lambda: kube.get("pbfscluster", "small") is None, 240)
    kube.wait("its pods are gone", lambda: not kube.list("pods", "pbfs.dev/cluster=small"), 120)
    expect(not kube.list("lease", "pbfs.dev/cluster=small"), "leases of the cluster are left")


def remove_second(kube):
    for kind in ("pbfsaccesskey", "pbfsbucket", "pbfscluster"):
        kube.kubectl("delete", kind, "--all", "--wait=true", "--timeout=180s", check=False, timeout=240)
    run(["kubectl", "delete", "namespace", SECOND, "--wait=true", "--timeout=180s", "--ignore-not-found"], timeout=240)


@scenario
def a_deleted_cluster_is_taken_over_by_its_namesake(main, _world):
    kube = Kube(SECOND)
    try:
        begin_second(kube, "Retain")
        s3(main, "s3api", "put-object", "--bucket", BUCKET, "--key", "kept", "--body", "/load/workload.py", secret="app", of=kube)
        identity = kube.get("pbfscluster", "small")["status"]["clusterID"]
        claims = {claim["metadata"]["uid"] for claim in kube.list("pvc", "pbfs.dev/cluster=small")}
        for kind in ("pbfsaccesskey", "pbfsbucket"):
            kube.delete(kind, "app" if kind == "pbfsaccesskey" else BUCKET, wait=True)
        end_second(kube)
        expect({claim["metadata"]["uid"] for claim in kube.list("pvc", "pbfs.dev/cluster=small")} == claims, "claims are not as they were")
        for name in ("small-identity", "small-keyring", "small-gateway-keys", "small-ca"):
            expect(kube.get("secret", name), f"the Secret {name} is gone")
        begin_second(kube, "Retain")
        expect(kube.get("pbfscluster", "small")["status"]["clusterID"] == identity, "it is another cluster")
        body = s3(main, "s3", "cp", f"s3://{BUCKET}/kept", "-", secret="app", of=kube)
        expect("what it was promised" in body, "the object is not what it was")
    finally:
        remove_second(kube)


@scenario
def a_cluster_deleted_with_its_data_leaves_nothing(main, _world):
    kube = Kube(SECOND)
    try:
        begin_second(kube, "Delete")
        volumes = {claim["spec"]["volumeName"] for claim in kube.list("pvc", "pbfs.dev/cluster=small")}
        kube.delete("pbfsaccesskey", "app", wait=True)
        kube.delete("pbfsbucket", BUCKET, wait=True)
        end_second(kube)
        for kind in ("statefulset", "pods", "pvc", "secret", "configmap", "service", "endpoints", "serviceaccount", "role", "rolebinding",
                     "poddisruptionbudget", "networkpolicy", "job", "lease"):
            kube.wait(f"no {kind} is left", lambda kind=kind: not kube.list(kind, "pbfs.dev/cluster=small"), 120)
        main.wait("its volumes are gone", lambda: not volumes & {
            volume["metadata"]["name"] for volume in json.loads(run(["kubectl", "get", "pv", "-o", "json"]).stdout)["items"]}, 120)
    finally:
        remove_second(kube)


@scenario
def a_namespace_that_ends_takes_its_cluster_with_it(_main, _world):
    kube = Kube(SECOND)
    begin_second(kube, "Retain")
    run(["kubectl", "delete", "namespace", SECOND, "--wait=false"])
    end = run(["kubectl", "wait", "--for=delete", f"namespace/{SECOND}", "--timeout=300s"], check=False, timeout=320)
    expect(end.returncode == 0, f"the namespace does not end: {end.stderr[-500:]}")
