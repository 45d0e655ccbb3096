"""What can happen to a cluster, each with the workload running: a function that brings it about and waits until all is well again."""
import base64
import json
import time

import load
from kube import Failure, condition

CLUSTER, BUCKET, KEY = "demo", "photos", "app"
WANTED = {"stores": 6, "size": "2Gi"}  # as scenarios have left it
SCENARIOS = []  # (name, function), in the order in which they run


def scenario(function):
    SCENARIOS.append((function.__name__.replace("_", " "), function))
    return function


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
            "gateway": {"replicas": 2}, "catalog": {"replicas": 2}} | spec
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


# ---- processes that die ----

@scenario
def a_gateway_is_killed(kube, _world):
    kill_and_await(kube, "demo-gateway-0")


@scenario
def a_store_is_killed(kube, _world):
    kill_and_await(kube, "demo-fs-main-3")


@scenario
def a_catalog_is_killed(kube, _world):
    kill_and_await(kube, "demo-catalog-0-1")


@scenario
def the_primary_of_PostgreSQL_is_killed(kube, _world):
    pod = next(pod["metadata"]["name"] for pod in kube.list("pods", "app.kubernetes.io/component=postgres")
               if pod["metadata"]["labels"].get("pbfs.dev/role") in ("master", "primary"))
    kill_and_await(kube, pod)


@scenario
def repairer_and_collector_are_killed(kube, _world):
    kill_and_await(kube, "demo-repairer-0", "demo-gc-0")


@scenario
def both_operators_are_killed(kube, world):
    pods = [pod["metadata"]["name"] for pod in world.system.list("pods", "app.kubernetes.io/name=pbfs-operator")]
    kill(world.system, *pods)
    kube.apply(cluster_object(gateway={"replicas": 3}))
    ready(kube)
    kube.apply(cluster_object())
    ready(kube)


# ---- a spec that changes ----

@scenario
def more_and_fewer_gateways(kube, _world):
    kube.kubectl("scale", "pbfscluster", CLUSTER, "--replicas=3")
    kube.wait("three gateways", lambda: kube.get("statefulset", "demo-gateway")["status"].get("readyReplicas") == 3)
    kube.apply(cluster_object())
    kube.wait("two gateways", lambda: kube.get("statefulset", "demo-gateway")["status"].get("readyReplicas") == 2)
    ready(kube)


@scenario
def a_setting_of_the_gateways_changes(kube, _world):
    before = {pod["metadata"]["uid"] for pod in kube.list("pods", "app.kubernetes.io/component=fragment-store")}
    kube.apply(cluster_object(gateway={"replicas": 2, "config": {"requests": "64"}}))
    ready(kube)
    after = {pod["metadata"]["uid"] for pod in kube.list("pods", "app.kubernetes.io/component=fragment-store")}
    expect(before == after, "stores were restarted because of a gateway's setting")
    kube.apply(cluster_object())
    ready(kube)


@scenario
def a_paused_cluster_is_left_alone(kube, _world):
    kube.apply(cluster_object(paused=True))
    await_reason(kube, "pbfscluster", CLUSTER, "Paused", "Paused")
    kube.delete("poddisruptionbudget", "demo-fs")
    time.sleep(8)  # a look at least
    expect(kube.get("poddisruptionbudget", "demo-fs") is None, "a paused cluster was changed")
    kube.apply(cluster_object())
    kube.wait("the budget is back", lambda: kube.get("poddisruptionbudget", "demo-fs"))
    ready(kube)


@scenario
def one_more_store(kube, _world):
    want(kube, stores=7)
    kube.wait("seven stores", lambda: kube.get("pbfscluster", CLUSTER)["status"]["stores"]["summary"] == "7/7")
    ready(kube, 400)


@scenario
def one_store_less(kube, _world):
    want(kube, stores=6)
    kube.wait("six stores", lambda: kube.get("pbfscluster", CLUSTER)["status"]["stores"]["summary"] == "6/6" and
              kube.get("statefulset", "demo-fs-main")["spec"]["replicas"] == 6, 400)
    ready(kube)
    claim = kube.get("pvc", "data-demo-fs-main-6")
    expect(claim and claim["metadata"]["labels"].get("pbfs.dev/retired") == "true", "the claim is not there, or not marked")


@scenario
def a_removed_volume_is_not_used_again(kube, _world):
    want(kube, stores=7)
    kube.wait("it says what to do", lambda: "data-demo-fs-main-6" in condition(kube.get("pbfscluster", CLUSTER), "Ready")[2])
    expect(kube.get("statefulset", "demo-fs-main")["spec"]["replicas"] == 6, "the store was started on a retired volume")
    kube.delete("pvc", "data-demo-fs-main-6", wait=True)
    kube.wait("seven stores", lambda: kube.get("pbfscluster", CLUSTER)["status"]["stores"]["summary"] == "7/7")
    ready(kube, 400)


@scenario
def a_change_of_mind_while_a_store_drains(kube, _world):
    want(kube, stores=6)
    kube.wait("it drains", lambda: kube.get("pbfscluster", CLUSTER)["status"].get("operation", {}).get("step") == "Draining")
    want(kube, stores=7)
    kube.wait("it stays", lambda: "operation" not in kube.get("pbfscluster", CLUSTER)["status"])
    kube.wait("seven stores", lambda: kube.get("pbfscluster", CLUSTER)["status"]["stores"]["summary"] == "7/7")
    ready(kube, 400)


@scenario
def volumes_grow(kube, _world):
    uids = {pod["metadata"]["uid"] for pod in kube.list("pods", "app.kubernetes.io/component=fragment-store")}
    want(kube, size="3Gi")
    kube.wait("the set asks for more", lambda: kube.get("statefulset", "demo-fs-main")["spec"]["volumeClaimTemplates"][0]
              ["spec"]["resources"]["requests"]["storage"] == "3Gi")
    ready(kube)
    for claim in kube.list("pvc", "app.kubernetes.io/component=fragment-store"):
        expect(claim["status"]["capacity"]["storage"] == "3Gi", f"{claim['metadata']['name']} has not grown")
    now = {pod["metadata"]["uid"] for pod in kube.list("pods", "app.kubernetes.io/component=fragment-store")}
    expect(uids == now, "stores were restarted, though the driver grows volumes under them")


# ---- specs that are refused ----

@scenario
def specs_that_lose_data_are_refused(kube, _world):
    few = kube.refuse(cluster_object(redundancy={"dataShards": 8, "parityShards": 4}))
    expect("dataShards" in few or "stores" in few, f"fewer stores than shards: {few}")
    gone = kube.refuse(cluster_object(fragmentStore={"pools": [pool("other")]}))
    expect("pool" in gone, f"a pool that goes: {gone}")
    small = kube.refuse(cluster_object(fragmentStore={"pools": [pool(size="1Gi")]}))
    expect("shrink" in small or "smaller" in small or "size" in small, f"a smaller volume: {small}")


@scenario
def what_the_server_cannot_judge_is_a_condition(kube, _world):
    kube.apply(cluster_object(gateway={"replicas": 2, "config": {"nonsense": "1"}}))
    await_reason(kube, "pbfscluster", CLUSTER, "SpecRejected", "SpecValid")
    expect("nonsense" in condition(kube.get("pbfscluster", CLUSTER), "SpecValid")[2], "the condition does not name the field")
    kube.apply(cluster_object())
    ready(kube)


# ---- hands ----

@scenario
def objects_deleted_by_hand_come_back(kube, _world):
    for kind, name in (("service", "demo-fs-main"), ("configmap", "demo-gateway"), ("serviceaccount", "demo-gc"),
                       ("role", "demo-coordination"), ("statefulset", "demo-repairer"), ("secret", "demo-catalog-tls")):
        old = uid(kube, kind, name)
        kube.delete(kind, name, wait=True)
        replaced(kube, kind, name, old)
    ready(kube)


@scenario
def objects_edited_by_hand_are_put_back(kube, _world):
    kube.patch("statefulset", "demo-gateway", {"spec": {"replicas": 1}})
    kube.patch("service", "demo-fs-main", {"spec": {"ports": [{"name": "store", "port": 9999, "targetPort": "store"}]}})
    kube.kubectl("patch", "service", "demo-gateway", "--type=json", "-p",
                 '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 1}]')
    kube.wait("two gateways again", lambda: kube.get("statefulset", "demo-gateway")["spec"]["replicas"] == 2)
    kube.wait("the stores' port again",
              lambda: kube.get("service", "demo-fs-main")["spec"]["ports"][0]["port"] == 9100)
    kube.wait("the gateways' port again", lambda: kube.get("service", "demo-gateway")["spec"]["ports"][0]["targetPort"] == "s3")
    ready(kube)


@scenario
def stores_scaled_down_by_hand_are_put_back(kube, _world):
    wanted = kube.get("statefulset", "demo-fs-main")["spec"]["replicas"]
    kube.kubectl("scale", "statefulset", "demo-fs-main", f"--replicas={wanted - 1}")
    kube.wait("all stores again", lambda: kube.get("statefulset", "demo-fs-main")["spec"]["replicas"] == wanted)
    ready(kube)


@scenario
def keys_that_are_gone_are_not_made_again(kube, _world):
    kept = kube.get("secret", "demo-keyring")
    for field in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
        kept["metadata"].pop(field, None)
    kube.delete("secret", "demo-keyring")
    await_reason(kube, "pbfscluster", CLUSTER, "SecretLost")
    expect(kube.get("secret", "demo-keyring") is None, "a keyring was made again")
    kube.kubectl("create", "-f", "-", stdin=json.dumps(kept))
    ready(kube)


@scenario
def a_certificate_is_issued_anew(kube, _world):
    before = kube.get("secret", "demo-fs-tls")["data"]["tls.crt"]
    kube.delete("secret", "demo-fs-tls")
    kube.wait("another certificate", lambda: kube.get("secret", "demo-fs-tls")["data"]["tls.crt"] != before)
    ready(kube)


# ---- buckets and keys ----

@scenario
def a_bucket_comes_and_goes(kube, _world):
    kube.apply(bucket_object("letters", deletionPolicy="DeleteIfEmpty", versioning="Enabled", tags={"team": "mail"}))
    await_reason(kube, "pbfsbucket", "letters", "Ready")
    kube.apply(key_object("writer", grants=[{"bucketRef": {"name": "letters"}, "access": ["Read", "Write", "List", "Delete", "Admin"]}]))
    await_reason(kube, "pbfsaccesskey", "writer", "Ready")
    time.sleep(6)  # gateways remember for five seconds that there was no such key
    s3(kube, "s3api", "put-object", "--bucket", "letters", "--key", "a", secret="writer")
    expect("Enabled" in s3(kube, "s3api", "get-bucket-versioning", "--bucket", "letters", secret="writer"), "no versions")
    expect("mail" in s3(kube, "s3api", "get-bucket-tagging", "--bucket", "letters", secret="writer"), "no tags")
    kube.delete("pbfsbucket", "letters")
    await_reason(kube, "pbfsbucket", "letters", "DeletionBlocked", "DeletionBlocked")
    kube.apply(bucket_object("letters", deletionPolicy="Delete", versioning="Enabled", tags={"team": "mail"}))
    kube.wait("the bucket is gone", lambda: kube.get("pbfsbucket", "letters") is None)
    kube.delete("pbfsaccesskey", "writer", wait=True)
    expect(kube.get("secret", "writer") is None or kube.wait("its Secret goes", lambda: kube.get("secret", "writer") is None),
           "the Secret stays")


@scenario
def one_bucket_has_one_owner(kube, _world):
    kube.apply(bucket_object("mine", bucketName="shared-name"), bucket_object("yours", bucketName="shared-name"))
    kube.wait("one has it and one has not", lambda: sorted(
        [reason(kube, "pbfsbucket", "mine"), reason(kube, "pbfsbucket", "yours")]) == ["NameConflict", "Ready"])
    kube.delete("pbfsbucket", "mine", wait=True)
    kube.delete("pbfsbucket", "yours", wait=True)
    kube.apply(bucket_object("third", bucketName="shared-name"))
    await_reason(kube, "pbfsbucket", "third", "NameConflict")
    kube.apply(bucket_object("third", bucketName="shared-name", adoptionPolicy="IfUnowned", deletionPolicy="Delete"))
    await_reason(kube, "pbfsbucket", "third", "Ready")
    kube.delete("pbfsbucket", "third", wait=True)


@scenario
def a_key_is_rotated(kube, _world):
    grant = [{"bucketRef": {"name": BUCKET}, "access": ["Read", "Write", "List"]}]
    kube.apply(key_object("turning", grants=grant))
    await_reason(kube, "pbfsaccesskey", "turning", "Ready")
    first = secret_values(kube, "turning")["AWS_ACCESS_KEY_ID"]
    time.sleep(6)
    s3(kube, "s3", "ls", f"s3://{BUCKET}", secret="turning")
    kube.apply(key_object("turning", grants=grant, rotation={"generation": 2, "overlapSeconds": 10}))
    kube.wait("another pair", lambda: secret_values(kube, "turning")["AWS_ACCESS_KEY_ID"] != first)
    kube.wait("the new pair is served", lambda: "object" in s3(kube, "s3", "ls", f"s3://{BUCKET}", secret="turning"), 60)
    kube.wait("the old pair ends",
              lambda: "previousAccessKeyID" not in kube.get("pbfsaccesskey", "turning")["status"], 60)
    kube.delete("pbfsaccesskey", "turning", wait=True)


@scenario
def a_key_may_do_what_it_is_granted(kube, _world):
    kube.apply(key_object("reader", grants=[{"bucketRef": {"name": BUCKET}, "access": ["Read", "List"]}]))
    await_reason(kube, "pbfsaccesskey", "reader", "Ready")
    time.sleep(6)
    s3(kube, "s3", "ls", f"s3://{BUCKET}", secret="reader")
    refused = kube.kubectl("exec", load.POD, "--", "true").returncode == 0 and s3(
        kube, "s3api", "put-object", "--bucket", BUCKET, "--key", "x", secret="reader", check=False)
    expect("ETag" not in refused, "a reader could write")
    kube.delete("pbfsaccesskey", "reader", wait=True)


@scenario
def a_secret_of_somebody_else_is_not_taken(kube, _world):
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs"}, "stringData": {"a": "b"}})
    kube.apply(key_object("greedy", secret={"name": "theirs"}))
    await_reason(kube, "pbfsaccesskey", "greedy", "SecretNameTaken")
    expect(secret_values(kube, "theirs") == {"a": "b"}, "another's Secret was written")
    kube.delete("pbfsaccesskey", "greedy", wait=True)
    kube.delete("secret", "theirs")
