"""Identifiers."""

from collections.abc import Callable
from uuid import UUID, uuid4

IdSource = Callable[[], UUID]


def new_id() -> UUID:
    """Return a random, unguessable id: ids appear in public URLs (RFC 9562, version 4)."""
    return uuid4()
