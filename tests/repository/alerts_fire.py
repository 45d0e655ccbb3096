#!/usr/bin/env python3
"""Fires every alert, and lets none fire that should be quiet.

    tests/repository/alerts_fire.py            holds deploy/prometheus/alerts.yaml to deploy/prometheus/alerts_test.yaml, by promtool

The table has for each alert series by which it fires and series by which it does not; `at` is when, 5 minutes after its `for` unless it
says otherwise. Samples come every minute, and a value is what promtool takes for one: 1 stays, "0+60" rises by 60 a minute, "1 1 _" is
a list. Time begins at 0, so whatever is said in seconds since 1970 begins there as well. An alert must not fire before its `for` is over
either. Needs promtool, which Debian has in its package `prometheus`, and python3-yaml.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

import alerts
import rules

AFTER_FOR = 5  # minutes
UNITS = {"m": 1, "h": 60, "d": 1440}


def minutes(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]] if text else 0


def values(value, until: int) -> str:
    text = str(value)
    if " " in text:
        return text
    return f"{text}x{until}" if re.search(r"\d[+-]\d", text) else f"{text}+0x{until}"


def fires_at(alert: str, at: int) -> dict:
    return {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > bool 0', "eval_time": f"{at}m",
            "exp_samples": [{"labels": "{}", "value": 1}]}


def quiet_until(alert: str, at: int) -> dict:
    return {"expr": f'count(count_over_time(ALERTS{{alertname="{alert}",alertstate="firing"}}[{at + 1}m]))', "eval_time": f"{at}m",
            "exp_samples": []}


def case_of(rule: dict, name: str, case: dict) -> dict:
    """A test of promtool."""
    alert, after = rule["alert"], minutes(rule.get("for", ""))
    at = minutes(case.get("at", "")) or after + AFTER_FOR
    series = [{"series": key, "values": values(value, at)} for key, value in case.items() if key != "at"]
    checks = [fires_at(alert, at)] if name == "fires" else [quiet_until(alert, at)]
    if name == "fires" and after > 0:
        checks.append(quiet_until(alert, after - 1))
    return {"name": f"{alert} {name}", "interval": "1m", "input_series": series, "promql_expr_test": checks}


def tests_of(document: str, table: dict) -> list:
    return [case_of(rule, name, table[rule["alert"]][name]) for rule in alerts.alerts_of(document) for name in ("fires", "quiet")]


def run(document: str, table: dict) -> list:
    """Findings of promtool. It has to be there."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return ["there is no promtool: scripts/install-packages test"]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("alerts.yaml", document),
                           ("tests.yaml", yaml.safe_dump({"rule_files": ["alerts.yaml"], "tests": tests_of(document, table)}))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "tests.yaml"]):
            outcome = subprocess.run([promtool, *command], cwd=folder, capture_output=True, text=True, check=False)
            if outcome.returncode != 0:
                return (outcome.stdout + outcome.stderr).strip().split("\n")
    return []


def check(document: str, table: dict) -> list:
    return alerts.check_tested(document, table) or run(document, table)


def main() -> int:
    document, table = rules.read_tracked(alerts.ALERTS), yaml.safe_load(rules.read_tracked(alerts.TESTED))
    findings = check(document, table)
    for finding in findings:
        print(f"alerts_fire: {finding}", file=sys.stderr)
    print(f"alerts_fire: {len(table)} alerts; {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
