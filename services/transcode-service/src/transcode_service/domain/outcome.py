"""What is to become of a queue message once its job was looked at."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do: delete the message. `why` is for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Later:
    """Show the message again after `after_s` seconds."""

    after_s: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Put the message aside for people to look at, with the details and the public failReason."""

    detail: str
    fail_reason: str


Outcome: TypeAlias = Done | Later | GivenUp
