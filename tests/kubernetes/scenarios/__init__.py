"""What can happen to a cluster, each with the workload running. A module a theme; they run in this order."""
from scene import SCENARIOS
from . import processes, changes, upgrades, refusals, hands, tenants, inputs, sight, backup, loss, network, kills

__all__ = ["SCENARIOS", "processes", "changes", "upgrades", "refusals", "hands", "tenants", "inputs", "sight", "backup", "loss", "network", "kills"]
