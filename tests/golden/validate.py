#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates reports against the shipped JSON Schema: validate.py SCHEMA FILE...

Stricter than the schema that is shipped: a member that it does not name is an error here, so that
no member is added, or misspelt, without being described. The order of members is compared too.
"""
import json
import sys

import jsonschema


def closed(node):
    """A copy of a schema in which objects have the members it names and no others."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        copy.setdefault("additionalProperties", False)
    return copy


def resolve(schema, node):
    """The subschema that describes an object or array, behind references and nullability."""
    if "$ref" in node:
        return resolve(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in node:
        return resolve(schema, node["anyOf"][0])
    return node


def misordered(schema, node, document, path="$"):
    """Yields the places where members stand in another order than in the schema."""
    node = resolve(schema, node)
    if isinstance(document, dict) and "properties" in node:
        expected = [key for key in node["properties"] if key in document]
        if list(document) != expected:
            yield f"{path}: members are {list(document)}, not {expected}"
    if isinstance(document, dict):
        for key, value in document.items():
            inner = node.get("properties", {}).get(key, node.get("additionalProperties", {}))
            yield from misordered(schema, inner if isinstance(inner, dict) else {}, value, f"{path}.{key}")
    if isinstance(document, list):
        for at, value in enumerate(document):
            yield from misordered(schema, node.get("items", {}), value, f"{path}[{at}]")


def main(schema_path, *paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(closed(schema))
    wrong = 0
    for path in paths:
        with open(path, encoding="utf-8", errors="strict") as file:
            document = json.load(file)
        problems = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
        problems += misordered(schema, schema, document)
        for problem in problems:
            print(f"{path}: {problem}")
        wrong += bool(problems)
    print(f"{len(paths)} documents, {wrong} invalid")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
