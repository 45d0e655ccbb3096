#!/usr/bin/env python3
"""Every finding of alerts.py fires on a bad sample, and none on a good one."""
import unittest

import alerts

SOURCES = {
    "services/a/parts.cc": '#include "libs/b/names.h"\n'
                           'Gauges state_(metrics, "pbfs_state", "How it is", "what"); state_.Set("full", 1);\n'
                           'metrics_(metrics, "pbfs_a", kMethods);\n',
    "services/a/requests.cc": 'calls_(&metrics, "pbfs_b", names_);',
    "libs/runtime/process_metrics.cc": 'Family("process_open_fds", "Open files", Gauge, OpenFiles());',
    "libs/b/names.cc": 'case kHalf: return "half";\n',
    "services/a/loop.cc": 'Pass("sweep");\n',
    "tools/pbfs/commands/cluster.cc": 'line.Add("cluster", "x", "y"); line.Add("gc", "x", "y", cluster); f("--now");\n',
    "tools/pbfs/commands/put.cc": 'line.Add("put", "x", "y");\n',
    "docs/operations/cluster.md": "",
}
METRICS = alerts.metrics_of(set(SOURCES), SOURCES.get)
COMMANDS = alerts.commands_of(set(SOURCES), SOURCES.get)
RUNBOOK = "# PbfsDiskFull\n" + "".join(f"\n## {heading}\nText.\n" for heading in alerts.HEADINGS)


def document(expr='pbfs_state{what="full"} > 0', alert="PbfsDiskFull", severity="warning", summary="it is full", runbook="disk-full.md"):
    return f"""
groups:
  - name: a
    rules:
      - alert: {alert}
        expr: {expr}
        labels: {{severity: {severity}}}
        annotations: {{summary: "{summary}", runbook: {alerts.RUNBOOKS}{runbook}}}
"""


class AlertsTest(unittest.TestCase):
    def findings(self, text=None, runbooks=None):
        runbooks = {"disk-full.md": RUNBOOK} if runbooks is None else runbooks
        return alerts.check(text or document(), runbooks, METRICS, COMMANDS, set(SOURCES))

    def found(self, message, text=None, runbook=None, runbooks=None):
        findings = self.findings(text, {"disk-full.md": runbook} if runbook else runbooks)
        self.assertTrue(any(message in finding for finding in findings), findings)

    def test_good_ones_are_quiet(self):
        self.assertEqual(self.findings(), [])
        for expr in ('rate(pbfs_a_calls_total[5m]) > 0', 'pbfs_a_call_seconds_bucket > 0', 'pbfs_state{what=~"full|sweep|half"} > 0',
                     'pbfs_b_calls_total{code="OK"} > 0', 'process_open_fds > 1000',
                     'pbfs_state{margin="0"} > 0'):
            self.assertEqual(self.findings(document(expr=expr)), [], expr)
        for command in ("`pbfs cluster gc --now`", "`pbfs put BUCKET/NAME`", "`pbfs-catalog thaw --config FILE`",
                        "```\npbfs cluster gc\n```", "[it](../cluster.md)"):
            self.assertEqual(self.findings(runbooks={"disk-full.md": RUNBOOK + command}), [], command)

    def test_metrics_exist(self):
        self.found("there is no metric pbfs_other", document(expr="pbfs_other > 0"))
        self.found("there is no metric process_threads", document(expr="process_threads > 0"))
        self.found('nobody sets pbfs_state{what="empty"}', document(expr='pbfs_state{what="empty"} > 0'))
        self.found("looks at no metric", document(expr="vector(1)"))

    def test_alerts_have_the_form_that_the_operator_reads(self):
        good = ("groups:\n  - name: a\n    rules:\n      # Why.\n      - alert: B\n        expr: a > 1\n        for: 1m\n"
                "        labels: {severity: warning}\n        annotations:\n          summary: \"x\"\n          runbook: y\n")
        self.assertEqual(alerts.check_form(good), [])
        for old, new in (("a > 1", '"a > 1"'), ("a > 1", "|"), ("warning}", "warning, team: x}"), ('"x"', "x"), ("        for", "         for")):
            self.assertEqual(len(alerts.check_form(good.replace(old, new))), 1, new)

    def test_each_alert_is_tested(self):
        case = {"PbfsDiskFull": {"fires": {"a": 1}, "quiet": {"a": 0}}}
        self.assertEqual(alerts.check_tested(document(), case), [])
        self.assertEqual(len(alerts.check_tested(document(), {})), 2)
        self.assertEqual(len(alerts.check_tested(document(), {**case, "PbfsOther": {}})), 1)

    def test_labels_that_look_like_metrics_are_none(self):
        self.assertEqual(self.findings(document(expr='max by (pbfs_dev_cluster) (pbfs_state{pbfs_dev_cluster=~"$c"}) > 0')), [])
        self.assertEqual(self.findings(document(expr="max by (scope) (patroni_primary) == 0")), [])

    def test_alerts_are_whole(self):
        self.found("is called PbfsSomething", document(alert="DiskFull"))
        self.found("its severity is one of", document(severity="bad"))
        self.found("has no summary", document(summary=""))
        self.found("its runbook is", document(runbook="other.md"))
        twice = document() + document().split("rules:\n")[1]
        self.found("PbfsDiskFull is there more than once", twice)

    def test_alerts_and_runbooks_belong_together(self):
        self.found("has no runbook disk-full.md", runbooks={})
        self.found("other.md is the runbook of no alert", runbooks={"disk-full.md": RUNBOOK, "other.md": RUNBOOK})
        self.found("its title is PbfsDiskFull", runbook=RUNBOOK.replace("# PbfsDiskFull", "# Full"))

    def test_runbooks_answer_all_questions(self):
        self.found("its headings are", runbook=RUNBOOK.replace("## What to do", "## Do"))
        self.found("has nothing under it", runbook=RUNBOOK.replace("## What to do\nText.\n", "## What to do\n"))
        self.found("longer than", runbook=RUNBOOK + "x" * 131)
        self.found("links to ../none.md", runbook=RUNBOOK + "[it](../none.md)")

    def test_commands_exist(self):
        self.found("there is no command `pbfs cluster gone`", runbook=RUNBOOK + "`pbfs cluster gone`")
        self.found("there is no command `pbfs fly`", runbook=RUNBOOK + "```\npbfs fly\n```")
        self.found("has no option --later", runbook=RUNBOOK + "`pbfs cluster gc --later`")
        self.found("there is no command `pbfs-catalog melt`", runbook=RUNBOOK + "`pbfs-catalog melt`")


if __name__ == "__main__":
    unittest.main()
