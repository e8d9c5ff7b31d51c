"""Table-driven state machines: the table is the documentation."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from reel_kernel.errors import InvalidTransition

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def advance(table: Mapping[S, Mapping[E, S]], state: S, event: E) -> S:
    """Return the state that follows `event`.

    Raises:
        InvalidTransition: the table has no such edge.
    """
    try:
        return table[state][event]
    except KeyError:
        detail = f"{event} is not accepted while {state}"
        raise InvalidTransition(detail, extra={"currentStatus": str(state)}) from None
