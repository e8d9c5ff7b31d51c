"""Reads a JSON Schema as a set of alternatives, so that two spellings of one type are equal."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

Schema = Mapping[str, Any]

_ALL_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_JSON_TYPES: Final[Mapping[type, str]] = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
    type(None): "null",
}


def resolve(schema: Schema, document: Schema) -> Schema:
    """Follow `$ref` inside the document until there is none."""
    while "$ref" in schema:
        pointer = cast("str", schema["$ref"])
        target: Any = document
        for step in pointer.removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        schema = cast("Schema", target)
    return schema


def alternatives(schema: Schema, document: Schema) -> dict[str, Schema]:
    """Return the schema's alternatives by JSON type; an untyped schema is all seven.

    Several objects in one union are told apart by a constant property: `object:<constant>`.
    """
    branches = list(_branches(resolve(schema, document), document))
    objects = sum("object" in _types(branch) for branch in branches)
    found: dict[str, Schema] = {}
    for branch in branches:
        for name in _types(branch):
            tag = _tag(branch, document) if name == "object" and objects > 1 else ""
            found[name + tag] = branch
    return found


def _branches(schema: Schema, document: Schema) -> Iterator[Schema]:
    nested = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if not nested:
        yield schema
    for branch in nested:
        yield from _branches(resolve(branch, document), document)


def _types(schema: Schema) -> tuple[str, ...]:
    declared = schema.get("type")
    if isinstance(declared, str):
        return (declared,)
    if declared is not None:
        return tuple(declared)
    values = allowed_values(schema)
    if values is not None:
        return tuple(sorted({_JSON_TYPES[type(value)] for value in values}))
    return ("object",) if "properties" in schema else _ALL_TYPES


def _tag(schema: Schema, document: Schema) -> str:
    for name, member in sorted(schema.get("properties", {}).items()):
        values = allowed_values(resolve(member, document))
        if name in schema.get("required", ()) and values is not None and len(values) == 1:
            return f":{next(iter(values))}"
    return ""


def allowed_values(schema: Schema) -> tuple[Any, ...] | None:
    """Return the closed list of values (`enum` or `const`), None when there is none."""
    if "const" in schema:
        return (schema["const"],)
    return tuple(schema["enum"]) if "enum" in schema else None
