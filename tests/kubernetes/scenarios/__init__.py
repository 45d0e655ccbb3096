"""What can happen to a cluster, each with the workload running. A module a theme; they run in this order."""
from scene import SCENARIOS
from . import processes, changes, refusals, hands, tenants, backup

__all__ = ["SCENARIOS", "processes", "changes", "refusals", "hands", "tenants", "backup"]
