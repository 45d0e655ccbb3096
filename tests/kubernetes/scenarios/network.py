"""What the control plane and the network between nodes do."""
import time

from scene import CLUSTER, expect, load_node, node_tool, ready, scenario


@scenario
def the_API_server_is_away_for_a_minute(kube, _world):
    before = pods_of(kube)
    node_tool("apiserver-crash")
    time.sleep(60)
    node_tool("apiserver-start")
    kube.wait("the API server answers", lambda: kube.get("pbfscluster", CLUSTER))
    ready(kube)
    expect(pods_of(kube) == before, "pods were replaced because the API server was away")


def pods_of(kube):
    return {pod["metadata"]["uid"] for pod in kube.list("pods", f"pbfs.dev/cluster={CLUSTER}")}


@scenario
def etcd_is_away_for_half_a_minute(kube, _world):
    node_tool("etcd-crash")
    time.sleep(30)
    node_tool("etcd-start")
    kube.wait("the API server answers", lambda: kube.get("pbfscluster", CLUSTER))
    ready(kube)


@scenario
def names_cannot_be_resolved_for_half_a_minute(kube, _world):
    node_tool("dns-crash")
    time.sleep(30)
    node_tool("dns-start")
    ready(kube)


@scenario
def a_node_is_cut_off_and_comes_back(kube, _world):
    away(kube, "node-partition", "node-heal")


@scenario
def a_node_hangs_and_wakes_up(kube, _world):
    away(kube, "node-freeze", "node-thaw")


def away(kube, begin, end):
    """A node is, for longer than a lease; it is not the workload's."""
    node = other_node(kube)
    node_tool(begin, node[-1])
    kube.wait(f"{node} is not ready", lambda: not is_ready(kube, node))
    time.sleep(40)
    node_tool(end, node[-1])
    kube.wait(f"{node} is ready", lambda: is_ready(kube, node))
    ready(kube, 400)
    one_store_an_id(kube)


@scenario
def two_nodes_do_not_reach_each_other(kube, _world):
    load, others = load_node(kube), [node for node in node_names(kube) if node != load_node(kube)]
    expect(len(others) >= 2, f"two nodes besides {load} are needed")
    node_tool("node-partition", others[0][-1], others[1][-1])
    time.sleep(30)
    node_tool("node-heal", others[0][-1])
    node_tool("node-heal", others[1][-1])
    ready(kube, 400)


def node_names(kube):
    return sorted(node["metadata"]["name"] for node in kube.list("nodes"))


def other_node(kube):
    """One that the workload's pod is not on."""
    return next(name for name in reversed(node_names(kube)) if name != load_node(kube))


def is_ready(kube, node):
    conditions = kube.get("node", node)["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def one_store_an_id(kube):
    """No split brain: each pod of stores holds a lease of its own."""
    holders = [lease["spec"].get("holderIdentity") for lease in kube.list("leases") if "-fs-" in lease["metadata"]["name"] or
               "store" in lease["metadata"]["name"]]
    holders = [one for one in holders if one]
    expect(len(holders) == len(set(holders)), f"two leases of one holder: {holders}")
