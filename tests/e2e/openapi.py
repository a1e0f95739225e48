# SPDX-License-Identifier: Apache-2.0
"""The description of the API: whether it is one, and whether answers are as it says.

Debian 12 has no validator of OpenAPI 3.1, so what the specification demands of the parts that are
used is checked here: https://spec.openapis.org/oas/v3.1.0. Schemas are JSON Schema 2020-12 and are
checked against its own meta-schema.
"""
import json
import re

import jsonschema

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def refs(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from refs(child)
    elif isinstance(node, list):
        for child in node:
            yield from refs(child)


class Api:
    def __init__(self, document):
        self.document = document
        self.schemas = document["components"]["schemas"]
        store = {schema["$id"]: schema for schema in self.schemas.values() if "$id" in schema}
        self.resolver = jsonschema.RefResolver("", document, store=store)

    def paths(self):
        return list(self.document["paths"])

    def problems(self):
        return [*self.general(), *(problem for path, item in self.document["paths"].items()
                                   for problem in self.of_path(path, item)), *self.of_schemas()]

    def general(self):
        if not re.fullmatch(r"3\.1\.\d+", self.document.get("openapi", "")):
            yield "openapi: not 3.1"
        if not {"title", "version"} <= set(self.document.get("info", {})):
            yield "info: title and version"
        known = {"openapi", "info", "jsonSchemaDialect", "servers", "paths", "webhooks", "components", "security",
                 "tags", "externalDocs"}
        yield from (f"unknown member {name}" for name in set(self.document) - known)
        schemes = {"http": "scheme", "mutualTLS": "type"}
        for name, scheme in self.document["components"].get("securitySchemes", {}).items():
            if schemes.get(scheme.get("type")) not in scheme:
                yield f"securitySchemes {name}"
        for need in self.document.get("security", []):
            yield from (f"security {name}" for name in need
                        if name not in self.document["components"]["securitySchemes"])
        names = [operation["operationId"] for item in self.document["paths"].values() for operation in item.values()]
        if len(set(names)) != len(names):
            yield "an operationId twice"

    def of_path(self, path, item):
        if not path.startswith("/") or not set(item) <= METHODS:
            yield f"{path}: no path, or a member that is no method"
        for operation in item.values():
            parameters = operation.get("parameters", [])
            for parameter in parameters:
                if not {"name", "in", "schema"} <= set(parameter) or parameter["in"] not in ("query", "header", "path"):
                    yield f"{path}: parameter {parameter}"
                if parameter["in"] == "path" and parameter.get("required") is not True:
                    yield f"{path}: a parameter in the path is required"
            given = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
            if given != set(re.findall(r"{(\w+)}", path)):
                yield f"{path}: parameters {given}"
            for code, response in operation.get("responses", {"": {}}).items():
                if not re.fullmatch(r"[1-5]\d\d|default", code) or "description" not in self.resolved(response):
                    yield f"{path}: response {code}"

    def of_schemas(self):
        for ref in refs({key: value for key, value in self.document.items() if key != "components"}):
            try:
                self.resolver.resolve(ref)
            except jsonschema.RefResolutionError as error:
                yield f"{ref}: {error}"
        for name, schema in self.schemas.items():
            try:
                jsonschema.Draft202012Validator.check_schema(schema)
            except jsonschema.SchemaError as error:
                yield f"schema {name}: {error.message}"

    def resolved(self, node):
        return self.resolver.resolve(node["$ref"])[1] if "$ref" in node else node

    def check(self, path, status, content_type, body):
        """Raises where an answer is not as it is described."""
        responses = self.document["paths"][path]["get"]["responses"]
        response = self.resolved(responses.get(str(status), responses.get("default")))
        kind = content_type.split(";")[0]
        schema = response["content"][kind]["schema"]
        text = body.decode()
        if kind == "application/json":
            self.validate(json.loads(text), schema)
        elif "contentSchema" in schema:
            events = re.findall(r"^data: (.*)$", text, re.M)
            if not events:
                raise AssertionError("no event")
            for event in events:
                self.validate(json.loads(event), schema["contentSchema"])
        else:
            self.validate(text, schema)

    def validate(self, value, schema):
        if "$ref" in schema:
            url, target = self.resolver.resolve(schema["$ref"])
            base = url.split("#")[0]
            with self.resolver.in_scope(base or ""):
                jsonschema.Draft202012Validator(target, resolver=self.resolver).validate(value)
        else:
            jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(value)
