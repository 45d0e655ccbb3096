#!/usr/bin/env python3
"""Every finding of manifests.py fires on a bad sample, and none on a good one."""
import copy
import json
import unittest

import manifests

VALUES = {"image": {"prefix": "localhost/pbfs-", "tag": ""}, "replicas": 2, "resources": {"limits": {"memory": "1Gi"}}, "logLevel": "info",
          "watchNamespace": ""}
TEMPLATE = ('{{- /* {{ a comment */ -}}\n{{ include "a" . }} {{ .Values.image.prefix }}{{ .Values.image.tag }} {{ .Values.replicas }}\n'
            "{{- with .Values.resources }}{{ toYaml . }}{{- end }} {a: {{ .Values.logLevel }}}{{ .Values.watchNamespace }}")
TEXT = {"type": "string"}
SCHEMA = {"type": "object", "additionalProperties": False, "properties": {
    "image": {"type": "object", "additionalProperties": False, "properties": {"prefix": TEXT, "tag": TEXT}},
    "replicas": {"type": "integer", "maximum": 9}, "resources": {"type": "object"}, "logLevel": {"type": "string", "enum": ["info"]},
    "watchNamespace": TEXT}}
BASE = [{"kind": "ConfigMap", "data": {"config.json": json.dumps({"log": {"level": "info"}})}},
        {"kind": "Deployment", "spec": {"replicas": 2, "template": {"spec": {"containers": [
            {"image": "localhost/pbfs-operator:0.1.0", "resources": {"limits": {"memory": "1Gi"}}}]}}}}]
KIND = {"properties": {
    "spec": {"type": "object", "required": ["size"],
             "x-kubernetes-validations": [{"rule": "r", "message": "no"}],
             "properties": {"size": {"x-kubernetes-int-or-string": True}, "mode": {"type": "string", "enum": ["A"]},
                            "count": {"type": "integer", "minimum": 1},
                            "names": {"type": "array", "maxItems": 1, "items": {"type": "string", "pattern": "^a$", "minLength": 1}},
                            "labels": {"type": "object", "additionalProperties": TEXT}}}}}
RULE = "spec: no"


class ManifestsTest(unittest.TestCase):
    def has(self, message, findings):
        findings = list(findings)
        self.assertTrue(any(message in finding for finding in findings), findings)

    def test_a_good_chart_is_quiet(self):
        findings = [*manifests.check_use(VALUES, TEMPLATE), *manifests.check_schema(VALUES, SCHEMA), *manifests.check_defaults(VALUES, BASE, "0.1.0"),
                    *manifests.check_templates(TEMPLATE, '{{ define "a" }}'),
                    *manifests.check_versions({"version": "1", "appVersion": "1"}, "1", {"localhost/a:1"})]
        self.assertEqual(findings, [])

    def test_values_are_used_and_there(self):
        self.has("which no template uses", manifests.check_use({**VALUES, "more": 1}, TEMPLATE))
        self.has("a default in values.yaml", manifests.check_use(VALUES, TEMPLATE + "{{ .Values.more }}"))

    def test_values_are_in_the_schema(self):
        self.has("in one of", manifests.check_schema({**VALUES, "more": 1}, SCHEMA))
        self.has("in one of", manifests.check_schema({key: VALUES[key] for key in VALUES if key != "image"}, SCHEMA))
        self.has("out of bounds", manifests.check_schema({**VALUES, "replicas": 10}, SCHEMA))
        open_schema = copy.deepcopy(SCHEMA)
        del open_schema["properties"]["image"]["additionalProperties"]
        self.has("takes any field", manifests.check_schema(VALUES, open_schema))

    def test_templates_are_whole(self):
        self.has("without an end", manifests.check_templates("{{ if .Values.a }}", ""))
        self.has("without a block", manifests.check_templates("{{ end }}{{ if .Values.a }}", ""))
        self.has("action without", manifests.check_templates("{{ .Values.a }", ""))
        self.has("nothing defines", manifests.check_templates('{{ include "b" . }}', '{{ define "a" }}'))

    def test_defaults_are_those_of_the_manifests(self):
        for name, value in (("replicas", 3), ("resources", {}), ("logLevel", "debug"), ("watchNamespace", "a"), ("image", {"prefix": "a", "tag": ""})):
            self.has(f"the default of {name}", manifests.check_defaults({**VALUES, name: value}, BASE, "0.1.0"))

    def test_versions_are_the_release(self):
        self.has("Chart.yaml: version", manifests.check_versions({"version": "2", "appVersion": "1"}, "1", set()))
        self.has("Chart.yaml: appVersion", manifests.check_versions({"version": "1", "appVersion": "2"}, "1", set()))
        self.has("names localhost", manifests.check_versions({"version": "1", "appVersion": "1"}, "1", {"localhost/a:2"}))

    def sample(self, spec, kind="Kind"):
        one = {"apiVersion": "pbfs.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec}
        return list(manifests.check_samples({"a.yaml": [one]}, {"Kind": KIND}))

    def test_samples_fit_their_schemas(self):
        self.assertEqual(self.sample({"size": 1, "mode": "A", "count": 1, "names": ["a"], "labels": {"any": "text"}}), [])
        for spec, message in (({}, "spec.size is missing"), ({"size": True}, "spec.size is no"), ({"size": 1, "mode": "B"}, "none of"),
                              ({"size": 1, "count": 0}, "out of bounds"), ({"size": 1, "count": True}, "is no integer"),
                              ({"size": 1, "names": ["b"]}, "does not fit"), ({"size": 1, "names": ["a", "a"]}, "too long"),
                              ({"size": 1, "names": [""]}, "too short"), ({"size": 1, "labels": {"a": 1}}, "is no string"),
                              ({"size": 1, "sise": 1}, "is no field")):
            self.has(message, self.sample(spec))
        self.has("nobody knows", self.sample({}, "Other"))

    def test_every_rule_has_its_cases(self):
        good = [{"rule": RULE, "spec": {}}, {"rule": RULE, "spec": {}, "refused": True}]
        self.assertEqual(list(manifests.check_cases("Kind", KIND, good)), [])
        self.has("no case that the rule refuses", manifests.check_cases("Kind", KIND, good[:1]))
        self.has("no case that the rule accepts", manifests.check_cases("Kind", KIND, good[1:]))
        self.has("no such rule", manifests.check_cases("Kind", KIND, good + [{"rule": "spec: other", "spec": {}}]))


class ScriptTest(unittest.TestCase):
    """scripts/manifests."""

    def setUp(self):
        self.script = manifests.load_script()

    def test_a_text_that_is_gone_or_doubled_is_an_error(self):
        name, text = "rbac.yaml", (manifests.MANIFESTS / "base" / "rbac.yaml").read_text()
        self.assertIn("{{ .Release.Namespace }}", self.script.base_template(name, text))
        for bad in (text.replace("kind: ClusterRole\n", "kind: Role\n"), text + "\nnamespace: pbfs-system\n", text + "{{ }}"):
            with self.assertRaises(self.script.Failure):
                self.script.base_template(name, bad)

    def test_a_changed_file_is_stale(self):
        wanted = self.script.outputs()
        wanted["operator-manifests/install.yaml"] += "#"
        self.assertEqual(self.script.stale(wanted), ["operator-manifests/install.yaml"])
        del wanted["operator-manifests/install.yaml"], wanted[f"{self.script.CHART}/rbac.yaml"]
        self.assertEqual(self.script.stale(wanted), [f"{self.script.CHART}/rbac.yaml"])

    def test_defaults_are_filled_in_from_the_outside(self):
        schema = {"properties": {"a": {"default": {}, "properties": {"b": {"default": 1}}}, "c": {"items": {"properties": {"d": {"default": 2}}}}}}
        self.assertEqual(self.script.fill_in(schema, {"c": [{}]}), {"a": {"b": 1}, "c": [{"d": 2}]})


if __name__ == "__main__":
    unittest.main()
