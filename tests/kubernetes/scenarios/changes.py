"""A spec that changes."""
import time

from kube import condition
from scene import await_reason, CLUSTER, cluster_object, expect, ready, scenario, uid, want


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
