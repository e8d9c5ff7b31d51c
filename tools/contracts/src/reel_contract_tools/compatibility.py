"""Compares all documents of a release with today's."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from reel_contract_tools.direction import Direction
from reel_contract_tools.openapi_breaks import OpenApiComparison
from reel_contract_tools.publish import OPENAPI, Documents
from reel_contract_tools.schema_breaks import Break, SchemaComparison


def incompatibilities(
    released: Documents, today: Documents, directions: Mapping[str, Direction]
) -> Iterator[Break]:
    """Yield every break between a release and today; `directions` is by Struct name.

    A Struct that is gone counts as read and sent by both sides.
    """
    for name, before in released.items():
        after = today.get(name)
        if after is None:
            yield Break(name, "document removed")
        else:
            yield from _document_breaks(name, before, after, directions)


def _document_breaks(
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    directions: Mapping[str, Direction],
) -> Iterator[Break]:
    path = PurePath(name)
    if path.parent.name == OPENAPI:
        yield from OpenApiComparison(before, after).breaks()
    else:
        direction = directions.get(path.stem, Direction.BOTH)
        yield from SchemaComparison(before, after, direction).breaks(before, after, path.stem)
