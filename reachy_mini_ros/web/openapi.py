# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The API's description (OpenAPI 3.1), from what checks the requests and makes the answers."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from reachy_mini_ros import __version__
from reachy_mini_ros.web.endpoints import Endpoint, Failure

REASONS = {
    401: "A token is needed.",
    403: "Not allowed: read-only, or not from here.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "Refused, or ended by another command or client, or failed, and why.",
    413: "The body is too large.",
    415: "The body is not sent as JSON.",
    416: "The file has no such bytes.",
    422: "A parameter or the body is wrong: which, and why.",
    426: "It is a WebSocket: open one.",
    429: "Too many wrong tokens: wait.",
    503: "Nobody is there to do it, or too many ask.",
    504: "No answer came, or the robot did not end, in time.",
}
ALWAYS = (401, 403, 429)


def document(endpoints: Iterable[Endpoint]) -> dict[str, object]:
    """Return the description of ``endpoints``, ready for JSON."""
    endpoints = tuple(endpoints)
    schemas, definitions = _schemas(endpoints)
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        path = re.sub(r"{(\w+):[^}]+}", r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Reachy Mini's dashboard",
            "version": __version__,
            "description": (
                "Angles in degrees, lengths in metres, times in seconds; null is what is not "
                "known. Every failure has a body that says why."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _schemas(endpoints: tuple[Endpoint, ...]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Return the schema of each type, and what these refer to."""
    sent = [endpoint.answer for endpoint in endpoints if not isinstance(endpoint.answer, str)]
    taken = [endpoint.body for endpoint in endpoints if isinstance(endpoint.body, type)]
    modes: list[tuple[Any, JsonSchemaMode]] = [(Failure, "serialization")]
    modes += [(kind, "serialization") for kind in dict.fromkeys(sent)]
    modes += [(kind, "validation") for kind in dict.fromkeys(taken)]
    inputs: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
        (kind, mode, TypeAdapter(kind)) for kind, mode in modes
    ]
    schemas, shared = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
    return {kind: schemas[kind, mode] for kind, mode in modes}, dict(shared.get("$defs", {}))


def _operation(endpoint: Endpoint, schemas: dict[Any, Any]) -> dict[str, object]:
    name = re.sub(r"\W+", "_", f"{endpoint.method.lower()}{endpoint.path}").strip("_")
    operation: dict[str, object] = {
        "operationId": name,
        "summary": endpoint.summary,
        "responses": _responses(endpoint, schemas),
    }
    parameters = [
        {"name": parameter, "in": "path", "required": True, "description": text}
        | {"schema": {"type": "string", "minLength": 1}}
        for parameter, text in endpoint.path_parameters.items()
    ]
    if endpoint.query is not None:
        for parameter, schema in endpoint.query.model_json_schema()["properties"].items():
            parameters.append({"name": parameter, "in": "query", "schema": _given(schema)})
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(endpoint.body, schemas)}
    return operation


def _responses(endpoint: Endpoint, schemas: dict[Any, Any]) -> dict[str, object]:
    content = _content(endpoint.answer, schemas)
    failure = {"application/json": {"schema": schemas[Failure]}}
    success = "101" if endpoint.is_socket else "200"
    return {
        success: {"description": endpoint.summary, "content": content},
        **{
            str(status): {"description": REASONS[status], "content": failure}
            for status in sorted({*ALWAYS, *endpoint.failures})
        },
    }


def _content(kind: Any, schemas: dict[Any, Any]) -> dict[str, object]:
    """Return what is sent: a media type, or JSON of a type."""
    return {kind: {}} if isinstance(kind, str) else {"application/json": {"schema": schemas[kind]}}


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that is given: one that is not is left out, not null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "default", "title")}
    return {**kept, **(options[0] if options else {})}
