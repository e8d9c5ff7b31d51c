"""What these modules need of schemathesis' cases, whose own types leave much open."""

from collections.abc import MutableMapping
from typing import Any, Protocol


class AnyCase(Protocol):
    """A generated request; `meta` tells which of its parts are good by the document."""

    operation: Any
    method: str
    path: str
    path_parameters: dict[str, Any]
    headers: MutableMapping[str, str]
    query: dict[str, Any]
    body: Any

    @property
    def meta(self) -> Any:  # noqa: ANN401 - schemathesis' own
        ...


def operation_id(case: AnyCase) -> str:
    return str(case.operation.definition.raw["operationId"])
