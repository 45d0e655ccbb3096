"""Other versions, restarts and sleep: every pod is exchanged, in order, and nobody notices but by the pace.

`world.next_tag` is a second tag of the images, and a version of the operator's release for spec.version, such as 0.1.1-next.
"""
from kube import condition
from scene import CLUSTER, cluster_object, expect, kill, ready, reason, scenario, WANTED

PARTS = ("catalog", "fragment-store", "repairer", "gateway", "garbage-collector")


def pods(kube, *parts):
    """Those of the services, by name."""
    wanted = parts or PARTS
    return {pod["metadata"]["name"]: pod for pod in kube.list("pods", f"pbfs.dev/cluster={CLUSTER}")
            if pod["metadata"]["labels"].get("app.kubernetes.io/component") in wanted}


def uids(kube, *parts):
    return {name: pod["metadata"]["uid"] for name, pod in pods(kube, *parts).items()}


def store(from_last):
    """The pod of the last store: 1; of the one before: 2."""
    return f"demo-fs-main-{WANTED['stores'] - from_last}"


def tag(pod):
    return pod["spec"]["containers"][0]["image"].rpartition(":")[2]


def runs(kube, wanted, seconds=900):
    """Until every pod is of this tag and all is well."""
    kube.wait(f"every pod is of {wanted}", lambda: {tag(pod) for pod in pods(kube).values()} == {wanted}, seconds)
    kube.wait("no operation is under way", lambda: "operation" not in kube.get("pbfscluster", CLUSTER)["status"], 300)
    ready(kube, 300)


def blocked(kube, wanted, seconds=300):
    kube.wait(f"UpgradeBlocked is {wanted}", lambda: reason(kube, "pbfscluster", CLUSTER, "UpgradeBlocked") == wanted, seconds)


@scenario
def a_canary_an_upgrade_and_the_way_back(kube, world):
    kube.apply(cluster_object(version=world.next_tag, updatePolicy={"partition": WANTED["stores"] - 1}))
    blocked(kube, "Canary", 600)
    tags = {name: tag(pod) for name, pod in pods(kube).items()}
    expect(tags[store(1)] == world.next_tag, f"the canary is of {tags[store(1)]}")
    expect(tags[store(2)] == tags["demo-gateway-0"] == world.tag, "more than the canary is of the new version")
    expect("demo-gc-0" not in tags, "the collector runs in the middle of an upgrade")
    kube.apply(cluster_object(version=world.next_tag))
    runs(kube, world.next_tag)
    expect(kube.get("pbfscluster", CLUSTER)["status"]["version"] == world.next_tag, "status.version is another one")
    kube.apply(cluster_object())
    runs(kube, world.tag)


@scenario
def an_image_that_does_not_exist(kube, world):
    before = uids(kube, "catalog", "fragment-store", "gateway")
    kube.apply(cluster_object(version="0.1.999", updatePolicy={"healthGateTimeoutSeconds": 60}))
    blocked(kube, "HealthGateTimeout")
    expect(uids(kube, "catalog", "fragment-store", "gateway") == before, "pods were restarted for an image that is not there")
    kube.apply(cluster_object())
    runs(kube, world.tag)
    expect(uids(kube, "catalog", "fragment-store", "gateway") == before, "pods were restarted though nothing was changed for them")


@scenario
def a_bad_image_in_the_middle_and_the_revert(kube, world):
    # The catalogs' image has no program for stores: the last of them does not start.
    kube.apply(cluster_object(version="0.1.0", image=f"localhost/pbfs-catalog:{world.tag}",
                              updatePolicy={"healthGateTimeoutSeconds": 120}))
    blocked(kube, "HealthGateTimeout", 900)
    message = condition(kube.get("pbfscluster", CLUSTER), "UpgradeBlocked")[2]
    expect("demo-fs-main" in message, f"it does not say what it waits for: {message}")
    bad = [name for name, pod in pods(kube, "fragment-store").items() if "pbfs-catalog" in pod["spec"]["containers"][0]["image"]]
    expect(bad == [store(1)], f"of the bad image are {bad}")
    kube.apply(cluster_object())
    runs(kube, world.tag)


@scenario
def a_template_of_stores_that_fits_no_node(kube, _world):
    before = uids(kube, "fragment-store")
    pool = cluster_object()["spec"]["fragmentStore"]["pools"][0] | {"pod": {"nodeSelector": {"pbfs.dev/nowhere": "true"}}}
    kube.apply(cluster_object(fragmentStore={"pools": [pool]}, updatePolicy={"healthGateTimeoutSeconds": 120}))
    blocked(kube, "HealthGateTimeout", 600)
    now = uids(kube, "fragment-store")
    expect({name for name in before if now.get(name) != before[name]} == {store(1)}, "more than one store was restarted")
    kube.apply(cluster_object())
    kube.wait("the store is back", lambda: kube.get("pod", store(1))["status"]["phase"] == "Running", 300)
    kube.wait("no operation is under way", lambda: "operation" not in kube.get("pbfscluster", CLUSTER)["status"], 300)
    ready(kube, 400)


@scenario
def everything_is_restarted_by_the_annotation(kube, _world):
    before = uids(kube)
    kube.kubectl("annotate", "--overwrite", "pbfscluster", CLUSTER, f"pbfs.dev/restartedAt={sorted(before.values())[0]}")
    kube.wait("every pod is another one", lambda: not set(before.values()) & set(uids(kube).values()), 900)
    kube.wait("no operation is under way", lambda: "operation" not in kube.get("pbfscluster", CLUSTER)["status"], 300)
    ready(kube, 300)


@scenario
def an_operator_that_is_restarted_restarts_nothing(kube, world):
    before = uids(kube)
    kill(world.system, *[pod["metadata"]["name"] for pod in world.system.list("pods", "app.kubernetes.io/name=pbfs-operator")])
    kube.kubectl("scale", "pbfscluster", CLUSTER, "--replicas=3")
    kube.wait("it leads again", lambda: kube.get("statefulset", "demo-gateway")["status"].get("readyReplicas") == 3, 300)
    kube.apply(cluster_object())
    kube.wait("two gateways", lambda: kube.get("statefulset", "demo-gateway")["status"].get("readyReplicas") == 2, 300)
    ready(kube)
    now = uids(kube)
    expect({name: now.get(name) for name in before} == before, "pods were restarted")


@scenario
def it_sleeps_and_wakes_up(kube, world):
    """The gap is meant: nothing runs. What was acknowledged before is read again by the workload."""
    claims = {claim["metadata"]["uid"] for claim in kube.list("pvc", f"pbfs.dev/cluster={CLUSTER}")}
    kube.apply(cluster_object(hibernated=True))
    kube.wait("no pod runs", lambda: reason(kube, "pbfscluster", CLUSTER, "Hibernated") == "Hibernated", 600)
    left = [pod["metadata"]["name"] for pod in kube.list("pods", f"pbfs.dev/cluster={CLUSTER}")
            if pod["status"]["phase"] not in ("Succeeded", "Failed")]
    expect(not left, f"still there: {left}")
    expect(not kube.list("poddisruptionbudgets", f"pbfs.dev/cluster={CLUSTER}"), "budgets of pods that are not there")
    kube.apply(cluster_object())
    runs(kube, world.tag, 600)
    expect({claim["metadata"]["uid"] for claim in kube.list("pvc", f"pbfs.dev/cluster={CLUSTER}")} == claims, "other volumes")
