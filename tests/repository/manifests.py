#!/usr/bin/env python3
"""Holds the manifests of the operator, its chart and what is made of them together.

    tests/repository/manifests.py     checks operator-manifests and charts/pbfs

What scripts/manifests makes is as it would make it; kustomization.yaml names every file; images and the chart have the release's version; every
value of the chart is used, in the schema and explained, and has the default of operator-manifests; blocks of templates end; samples fit the schemas
of their kinds; every rule in CEL has cases that it accepts and refuses. manifests_test.py holds a bad sample for each finding. Needs PyYAML, and
no Helm: scripts/chart-check, which does, is run by hand.
"""
import json
import re
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Iterator

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "charts" / "pbfs"
MANIFESTS = ROOT / "operator-manifests"
FREE = ("resources", "affinity", "nodeSelector", "podAnnotations", "labels")  # objects that are the user's


def load_script():
    loader = SourceFileLoader("manifests_script", str(ROOT / "scripts" / "manifests"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


# ---- the chart ----

def leaves(values: dict, path: tuple = ()) -> Iterator[tuple]:
    for name, value in values.items():
        if isinstance(value, dict) and name not in FREE:
            yield from leaves(value, path + (name,))
        else:
            yield path + (name,)


def used_values(templates: str) -> set:
    return {tuple(path.split(".")) for path in re.findall(r"\.Values\.([A-Za-z.]+)", templates)}


def check_use(values: dict, templates: str) -> Iterator[str]:
    known, used = set(leaves(values)), used_values(templates)
    for path in sorted(used):
        if not any(leaf[:len(path)] == path for leaf in known):
            yield f"templates use .Values.{'.'.join(path)}; instead: a default in values.yaml"
    for leaf in sorted(known):
        if not any(leaf[:len(path)] == path for path in used):
            yield f"values.yaml has {'.'.join(leaf)}, which no template uses; instead: remove it"


def check_schema(values: dict, schema: dict, path: str = "") -> Iterator[str]:
    """Objects of the schema have the fields of the values, and no others are allowed; defaults fit."""
    fields = schema.get("properties", {})
    if schema.get("additionalProperties") is not False:
        yield f"values.schema.json: {path or 'the whole'} takes any field; instead: additionalProperties false"
    for name in sorted(set(values) ^ (set(fields) - {"global"})):
        yield f"{path}{name} is in one of values.yaml and values.schema.json only; instead: in both"
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            continue
        yield from check_value(value, field, f"values.yaml: {path}{name}")
        if isinstance(value, dict) and name not in FREE:
            yield from check_schema(value, field, f"{path}{name}.")


def check_templates(text: str, helpers: str) -> Iterator[str]:
    text = re.sub(r"\{\{-? */\*.*?\*/ *-?\}\}", "", text, flags=re.S)
    if "{{" in re.sub(r"\{\{.*?\}\}", "", text):
        yield "has an action without an end; instead: {{ and }} in pairs"
    depth = 0
    for word in re.findall(r"\{\{-?\s*(\w+)", text):
        depth += (word in ("if", "with", "range", "define", "block")) - (word == "end")
        if depth < 0:
            break
    if depth != 0:
        yield "has a block without an end, or an end without a block"
    for name in sorted(set(re.findall(r'include "([^"]+)"', text)) - set(re.findall(r'define "([^"]+)"', helpers))):
        yield f"includes {name}, which nothing defines"


def check_defaults(values: dict, base: list, release: str) -> Iterator[str]:
    """Against the objects of operator-manifests/base/operator.yaml."""
    config = next(json.loads(one["data"]["config.json"]) for one in base if one["kind"] == "ConfigMap")
    spec = next(one["spec"] for one in base if one["kind"] == "Deployment")
    container = spec["template"]["spec"]["containers"][0]
    image = f"{values['image']['prefix']}operator:{values['image']['tag'] or release}"
    for name, here, there in (("replicas", values["replicas"], spec["replicas"]), ("resources", values["resources"], container["resources"]),
                              ("image", image, container["image"]), ("logLevel", values["logLevel"], config.get("log", {}).get("level")),
                              ("watchNamespace", values["watchNamespace"], config.get("watchNamespace", ""))):
        if here != there:
            yield f"the default of {name} is {here}, and {there} in operator-manifests; instead: the same"


def check_versions(chart: dict, release: str, images: set) -> Iterator[str]:
    for name in ("version", "appVersion"):
        if chart[name] != release:
            yield f"Chart.yaml: {name} is {chart[name]}; instead: {release}, as in CMakeLists.txt"
    for image in sorted(images):
        if not image.endswith(f":{release}"):
            yield f"operator-manifests/base names {image}; instead: the tag {release}"


# ---- schemas of the kinds ----

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def has_type(value, schema: dict) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, (int, str)) and not isinstance(value, bool)
    wanted = TYPES.get(schema.get("type", ""))
    return wanted is None or (isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)))


def check_scalar(value, schema: dict) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is none of {schema['enum']}"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{value} is out of bounds"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{value!r} does not fit {schema['pattern']}"
    size = len(value) if isinstance(value, (str, list, dict)) else 0
    if size > min(schema.get(name, size) for name in ("maxLength", "maxItems", "maxProperties")):
        yield "is too long"
    if size < max(schema.get(name, 0) for name in ("minLength", "minItems", "minProperties")):
        yield "is too short"


def check_value(value, schema: dict, path: str) -> Iterator[str]:
    """What of a value a schema refuses, fields that it does not know among it. The part of OpenAPI that the kinds use."""
    if not has_type(value, schema):
        yield f"{path} is no {schema.get('type', 'integer or string')}"
        return
    yield from (f"{path}: {finding}" for finding in check_scalar(value, schema))
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from check_value(one, schema.get("items", {}), f"{path}[{index}]")
    if isinstance(value, dict):
        yield from check_fields(value, schema, path)


def check_fields(value: dict, schema: dict, path: str) -> Iterator[str]:
    fields, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name in sorted(set(schema.get("required", [])) - set(value)):
        yield f"{path}.{name} is missing"
    for name, one in value.items():
        if name in fields:
            yield from check_value(one, fields[name], f"{path}.{name}")
        elif isinstance(others, dict):
            yield from check_value(one, others, f"{path}.{name}")
        elif fields and not schema.get("x-kubernetes-preserve-unknown-fields"):
            yield f"{path}.{name} is no field"


def check_samples(samples: dict, schemas: dict) -> Iterator[str]:
    """Samples: {file: objects}."""
    for file, objects in sorted(samples.items()):
        for one in objects:
            if one["kind"] not in schemas:
                if one["apiVersion"] != "v1":
                    yield f"samples/{file}: nobody knows the kind {one['kind']}"
                continue
            for finding in check_value(one["spec"], schemas[one["kind"]]["properties"]["spec"], "spec"):
                yield f"samples/{file}: {one['kind']} {one['metadata']['name']}: {finding}"


def rules_of(schema: dict, path: str = "") -> Iterator[str]:
    """"spec.tls: caGeneration may only grow" of every rule; elements of lists and maps have no name."""
    for rule in schema.get("x-kubernetes-validations", []):
        yield f"{path or 'object'}: {rule['message']}"
    for name, field in schema.get("properties", {}).items():
        yield from rules_of(field, f"{path}.{name}" if path else name)
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            yield from rules_of(schema[inner], path + "[]")


def check_cases(kind: str, schema: dict, cases: list) -> Iterator[str]:
    """Each rule has a case that it accepts and one that it refuses."""
    rules = set(rules_of(schema))
    for accepted, verb in ((True, "accepts"), (False, "refuses")):
        covered = {case["rule"] for case in cases if ("refused" not in case) == accepted}
        for rule in sorted(rules - covered):
            yield f"testdata/{kind}.json: no case that the rule {verb}: {rule}"
    for rule in sorted({case["rule"] for case in cases} - rules):
        yield f"testdata/{kind}.json: there is no such rule: {rule}"


# ---- all of it ----

def read_yaml(path: Path) -> list:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def check_chart(script) -> Iterator[str]:
    values, schema = read_yaml(CHART / "values.yaml")[0], json.loads((CHART / "values.schema.json").read_text())
    files = {file.relative_to(CHART): file.read_text() for file in sorted((CHART / "templates").rglob("*")) if file.is_file()}
    helpers = (CHART / "templates" / "_helpers.tpl").read_text()
    base = read_yaml(MANIFESTS / "base" / "operator.yaml")
    yield from check_use(values, "\n".join(files.values()))
    yield from check_schema(values, schema)
    yield from check_defaults(values, base, script.release())
    for name, text in files.items():
        yield from (f"charts/pbfs/{name} {finding}" for finding in check_templates(text, helpers))
    images = set(re.findall(r"localhost/[^\s\"]+", (MANIFESTS / "base" / "operator.yaml").read_text()))
    yield from check_versions(read_yaml(CHART / "Chart.yaml")[0], script.release(), images)


def check_manifests(script) -> Iterator[str]:
    named = set(script.sources())
    there = {f"{folder}/{file.name}" for folder in ("crds", "base") for file in (MANIFESTS / folder).glob("*.yaml")}
    for name in sorted(named ^ there):
        yield f"operator-manifests/{name} is in one of the folder and kustomization.yaml only"
    for path in script.stale(script.outputs()):
        yield f"{path} is not what its sources say; instead: run scripts/manifests"
    schemas = {one["spec"]["names"]["kind"]: script.schema_of(one) for one in script.definitions()}
    yield from check_samples({file.name: read_yaml(file) for file in sorted((MANIFESTS / "samples").glob("*.yaml"))}, schemas)
    for kind, schema in schemas.items():
        file = MANIFESTS / "testdata" / f"{kind}.json"
        yield from check_cases(kind, schema, json.loads(file.read_text())["cases"] if file.is_file() else [])


def main() -> int:
    script = load_script()
    findings = list(check_chart(script)) + list(check_manifests(script))
    for finding in findings:
        print(f"manifests: {finding}", file=sys.stderr)
    print(f"manifests: {len(script.sources())} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
