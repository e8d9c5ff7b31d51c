"""The finishing of a service's OpenAPI document: whole schemas, and the headers of every answer.

Litestar's own schemas of Structs lose what a request refuses (unknown members, the bounds of a
list's items); msgspec's do not, and are those of `contracts/schemas`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

Json = dict[str, Any]

PROBLEM: Final = "application/problem+json"
COMPONENT: Final = "#/components/schemas/{name}"
TEXT: Final[Mapping[str, str]] = {"type": "string"}
SECONDS: Final[Mapping[str, object]] = {"type": "integer", "minimum": 1}
REQUEST_ID: Final[Json] = {
    "description": "Names this request in our logs; the caller's own, if it sent a good one.",
    "required": True,
    "schema": TEXT,
}
RETRY_AFTER: Final[Json] = {
    "description": "After how many seconds another try makes sense.",
    "required": True,
    "schema": SECONDS,
}
CHALLENGE: Final[Json] = {
    "description": "What is missing: a token (RFC 6750, section 3), or a signature.",
    "required": True,
    "schema": TEXT,
}
OF_PROBLEM: Final[Mapping[str, Mapping[str, Json]]] = {
    "401": {"WWW-Authenticate": CHALLENGE},
    "429": {"Retry-After": RETRY_AFTER},
    "503": {"Retry-After": RETRY_AFTER},
}
OF_KEY: Final[Mapping[str, Json]] = {
    "Idempotency-Replayed": {
        "description": "Sent if this is the answer to an earlier request with the same key.",
        "schema": {"type": "string", "const": "true"},
    }
}
IN_FLIGHT: Final[Mapping[str, Json]] = {
    "Retry-After": {
        "description": "Seconds; sent with the code `idempotency-key-in-flight`.",
        "schema": SECONDS,
    }
}
CONFLICT: Final = "409"
OK: Final = "200"
NOT_MODIFIED: Final = "304"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"


class StructSchemas(OpenAPISchemaPlugin):
    """Leaves the schemas of Structs to msgspec; notes which ones the document needs."""

    def __init__(self) -> None:
        self._structs: dict[str, type[msgspec.Struct]] = {}

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return not field_definition.is_union and field_definition.is_subclass_of(msgspec.Struct)

    def to_openapi_schema(
        self, field_definition: FieldDefinition, schema_creator: SchemaCreator
    ) -> Schema:
        struct = field_definition.type_
        self._structs[struct.__name__] = struct
        return schema_creator.create_component_schema(
            field_definition, required=[], property_fields={}
        )

    def components(self) -> Json:
        """Return the schemas of all Structs seen, and of what they refer to."""
        structs = list(self._structs.values())
        return msgspec.json.schema_components(structs, ref_template=COMPONENT)[1]


class ServiceDocument(OpenAPI):
    """An OpenAPI document that ends as JSON with nothing left out."""

    def __init__(self, plain: OpenAPI, structs: StructSchemas) -> None:
        super().__init__(
            info=plain.info, servers=plain.servers, components=plain.components, paths={}
        )
        self._structs = structs

    def to_schema(self) -> Json:
        document = super().to_schema()
        document["components"]["schemas"] |= self._structs.components()
        for path in document["paths"].values():
            for operation in path.values():
                _describe_headers(operation)
        return document


@dataclass
class DocumentConfig(OpenAPIConfig):
    """Litestar's configuration, for a `ServiceDocument`."""

    structs: StructSchemas = field(default_factory=StructSchemas)

    def to_openapi_schema(self) -> OpenAPI:
        return ServiceDocument(super().to_openapi_schema(), self.structs)


def _describe_headers(operation: Json) -> None:
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    for status, answer in operation["responses"].items():
        headers = answer.setdefault("headers", {})
        for header in headers.values():
            header.setdefault("schema", TEXT)
        headers["X-Request-Id"] = REQUEST_ID
        if status == NOT_MODIFIED:
            headers["ETag"] = operation["responses"][OK]["headers"]["ETag"]
        if PROBLEM in answer.get("content", {}):
            headers |= OF_PROBLEM.get(status, {})
        if IDEMPOTENCY_KEY in names:
            headers |= OF_KEY | (IN_FLIGHT if status == CONFLICT else {})
