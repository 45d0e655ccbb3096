"""Processes that die."""
from scene import cluster_object, kill, kill_and_await, ready, scenario


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
