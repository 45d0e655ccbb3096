"""Specs that are refused."""
from kube import condition
from scene import await_reason, CLUSTER, cluster_object, expect, pool, ready, scenario


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
