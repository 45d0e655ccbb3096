#!/usr/bin/env python3
"""Every finding of alerts_fire.py fires on a bad sample, and none on a good one. Needs promtool, as it does."""
import os
import unittest
from unittest import mock

import alerts_fire

DOCUMENT = """
groups:
  - name: a
    rules:
      - alert: PbfsFull
        expr: pbfs_used > 80
        for: 10m
        labels: {severity: warning}
        annotations: {summary: "{{ $value }}"}
      - alert: PbfsQuick
        expr: time() - pbfs_seen_seconds > 600
        labels: {severity: warning}
"""
GOOD = {"PbfsFull": {"fires": {"pbfs_used": 81}, "quiet": {"pbfs_used": "79 99 99 79 _"}},
        "PbfsQuick": {"fires": {"pbfs_seen_seconds": 0, "at": "11m"}, "quiet": {"pbfs_seen_seconds": "0+60", "at": "11m"}}}


class AlertsFireTest(unittest.TestCase):
    def found(self, message, document=DOCUMENT, **table):
        findings = alerts_fire.check(document, {**GOOD, **table})
        self.assertTrue(any(message in finding for finding in findings), findings)

    def test_good_ones_are_quiet(self):
        self.assertEqual(alerts_fire.check(DOCUMENT, GOOD), [])

    def test_each_alert_is_in_the_table(self):
        self.found("PbfsFull: deploy/prometheus/alerts_test.yaml has no series by which it fires", PbfsFull={"quiet": {"a": 1}})
        self.found("PbfsFull: deploy/prometheus/alerts_test.yaml has no series by which it is quiet",
                   PbfsFull={"fires": {"a": 1}, "quiet": {"at": "1m"}})
        self.found("PbfsOther: deploy/prometheus/alerts_test.yaml tests an alert that is not there", PbfsOther={"fires": {"a": 1}, "quiet": {"a": 1}})

    def test_an_alert_that_does_not_fire_is_found(self):
        self.found("got: nil", PbfsFull={**GOOD["PbfsFull"], "fires": {"pbfs_used": 80}})

    def test_an_alert_that_is_not_quiet_is_found(self):
        self.found("exp: nil", PbfsFull={**GOOD["PbfsFull"], "quiet": {"pbfs_used": 99}})

    def test_an_alert_that_fires_too_early_is_found(self):
        self.assertEqual([check["eval_time"] for check in alerts_fire.tests_of(DOCUMENT, GOOD)[0]["promql_expr_test"]], ["15m", "9m"])

    def test_a_rule_that_prometheus_does_not_take_is_found(self):
        self.found("could not parse expression", DOCUMENT.replace("> 80", "> > 80"))

    def test_without_promtool_it_fails(self):
        with mock.patch.dict(os.environ, PATH="/nowhere"):
            self.found("there is no promtool")


if __name__ == "__main__":
    unittest.main()
