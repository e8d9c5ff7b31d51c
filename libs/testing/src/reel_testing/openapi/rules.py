"""Refusals of requests that are good by their schema: rules that no schema of ours can say."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from schemathesis import Response

from reel_testing.openapi.cases import AnyCase, operation_id

OF_SCHEMAS: Final = frozenset({"invalid", "unknown", "missing"})
"""Codes of `errors` that a schema accounts for; every other one is a rule beyond it."""
BEYOND: Final[Mapping[str, frozenset[str]]] = {
    "listVideos": frozenset({"cursor"}),
    "requestPartUrls": frozenset({"partNumber", "checksum", "checksums"}),
    "reportUpload": frozenset({"ownerId", "sourceFileKey", "sourceSizeBytes", "sourceMime"}),
    "reportTranscoding": frozenset({"durationSeconds", "width", "height"}),
}
"""Members that may be missing or wrong depending on others, by `operationId`."""
PRECONDITION_FAILED: Final = 412
INVALID: Final = 422


def is_rule(case: AnyCase, response: Response) -> bool:
    """Tell whether an answer refuses a good request for a reason that is documented in words."""
    if response.status_code == PRECONDITION_FAILED:
        return "If-Match" in case.headers
    if response.status_code != INVALID:
        return False
    problem: dict[str, Any] = msgspec.json.decode(response.content)
    if problem["code"] == "idempotency-key-reused":
        return "Idempotency-Key" in case.headers
    return all(_rules(problem["errors"], BEYOND.get(operation_id(case), frozenset())))


def _rules(errors: list[dict[str, str]], beyond: frozenset[str]) -> Iterator[bool]:
    for error in errors:
        member = re.split(r"[.\[]", error["field"])[0]
        yield error["code"] not in OF_SCHEMAS or member in beyond
