#!/usr/bin/env python3
"""Every finding of dashboards.py and exported.py fires on a bad sample, and none on a good one."""
import copy
import json
import unittest

import dashboards
import exported
from alerts_test import METRICS

PANEL = {"id": 1, "type": "timeseries", "title": "State", "datasource": dashboards.SOURCE,
         "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}, "fieldConfig": {"defaults": {"unit": "none"}},
         "targets": [{"expr": 'sum by (method) (rate(pbfs_a_calls_total{instance=~"$instance"}[$__rate_interval]))',
                      "datasource": dashboards.SOURCE}]}
BOARD = {"uid": "a", "title": "A", "description": "What it shows", "panels": [PANEL],
         "templating": {"list": [{"name": "instance", "type": "query", "query": {"query": "label_values(pbfs_state, instance)"}}]}}


class DashboardsTest(unittest.TestCase):
    def found(self, message, **changes):
        findings = dashboards.check(json.dumps(BOARD | changes), METRICS)
        self.assertTrue(any(message in finding for finding in findings), findings)

    def found_in_panel(self, message, **changes):
        self.found(message, panels=[PANEL | changes])

    def test_a_good_one_is_quiet(self):
        self.assertEqual(dashboards.check(json.dumps(BOARD), METRICS), [])

    def test_it_is_whole(self):
        self.assertIn("no JSON", dashboards.check("{", METRICS)[0])
        for field in ("uid", "title", "description"):
            self.found(f"has no {field}", **{field: ""})

    def test_panels_are_whole(self):
        self.found_in_panel("has no title", title="")
        self.found_in_panel("has no unit", fieldConfig={})
        self.found_in_panel("asks for nothing", targets=[])
        self.found_in_panel("is not the reader's choice", datasource={"type": "prometheus", "uid": "mine"})
        self.found_in_panel("is not the reader's choice", targets=[{"expr": "pbfs_state"}])

    def test_panels_have_places(self):
        self.found_in_panel("wider than the page", gridPos={"x": 16, "y": 0, "w": 12, "h": 8})
        self.found("panel 1 is there more than once", panels=[PANEL, PANEL])
        self.found("covers State", panels=[PANEL, PANEL | {"id": 2, "gridPos": {"x": 11, "y": 7, "w": 4, "h": 4}}])

    def test_metrics_exist(self):
        def with_expression(expression):
            panel = copy.deepcopy(PANEL)
            panel["targets"][0]["expr"] = expression
            return [panel]
        self.found("there is no metric pbfs_other", panels=with_expression("pbfs_other"))
        self.found("there is no metric process_other", panels=with_expression("process_other"))
        self.found('nobody sets pbfs_state{what="empty"}', panels=with_expression('pbfs_state{what="empty"}'))
        self.found("looks at no metric", panels=with_expression("vector(1)"))
        variable = {"name": "x", "type": "query", "query": {"query": "label_values(pbfs_other, x)"}}
        self.found("there is no metric pbfs_other", templating={"list": [variable]})


SERIES = {
    "pbfs_state": [{"what": "full", "instance": "a"}, {"what": "odd"}],
    "pbfs_a_calls_total": [{"method": "Get", "code": "OK"}],
    "pbfs_a_call_seconds_bucket": [{"method": "Get", "le": "0.1"}],
    "process_open_fds": [{}],
    "pbfs_bodies_degraded": [{"margin": "0"}],
    "pbfs_cluster_condition": [{"namespace": "n", "pbfs_dev_cluster": "c", "type": "Ready"}],
    "patroni_primary": [{"scope": "s"}],
}


class ExportedTest(unittest.TestCase):
    def findings(self, expression):
        return list(exported.check_expression("x", expression, SERIES))

    def found(self, message, expression):
        self.assertTrue(any(message in finding for finding in self.findings(expression)), self.findings(expression))

    def test_good_ones_are_quiet(self):
        for expression in ('pbfs_state{what="full"} > 0', 'pbfs_state{what=~"full|none",instance=~"$instance"}',
                           'sum by (method, code) (rate(pbfs_a_calls_total{code!="OK"}[5m])) or absent(pbfs_state)',
                           'histogram_quantile(0.99, sum by (le) (rate(pbfs_a_call_seconds_bucket[5m])))',
                           'process_open_fds and on (instance, job) pbfs_state', 'pbfs_state{what=~"$what"}',
                           'max by (margin) (pbfs_bodies_degraded{margin=~"-.+"})', 'max by (namespace, scope) (patroni_primary) == 0',
                           'max by (namespace, pbfs_dev_cluster) (pbfs_cluster_condition{type="Ready",pbfs_dev_cluster=~"$cluster"})',
                           'label_values(pbfs_cluster_condition, pbfs_dev_cluster)',
                           'kubelet_volume_stats_capacity_bytes{persistentvolumeclaim=~"data-.+"}'):
            self.assertEqual(self.findings(expression), [], expression)

    def test_what_nobody_shows_is_found(self):
        self.found("nobody shows pbfs_other", "pbfs_other > 0")
        self.found("nobody shows process_other", "process_other")
        self.found("nobody shows patroni_other", "max by (scope) (patroni_other)")
        self.found('nobody shows pbfs_state{what="empty"}', 'pbfs_state{what="empty"}')
        self.found('nobody shows pbfs_state{what=~"e.*"}', 'pbfs_state{what=~"e.*"}')
        self.found('nobody shows pbfs_state{colour=~"$c"}', 'pbfs_state{colour=~"$c"}')
        self.found("none of its metrics has a label colour", "sum by (what, colour) (pbfs_state)")
        self.found("none of its metrics has a label code", "pbfs_state / ignoring (code) pbfs_state")


if __name__ == "__main__":
    unittest.main()
