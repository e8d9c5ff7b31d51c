"""A request that may be sent many times and must have its effect once. Pure.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request was answered with, to be given again."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The right to do the work of a key, until a lease runs out.

    `resource_id` is the id for whatever the work creates. It is the same in every attempt for the
    key, so that one after a crash finds what an earlier one had committed, and makes no second.
    """

    owner_id: UUID
    key: str
    claim_id: UUID
    resource_id: UUID


@dataclass(frozen=True, slots=True)
class InFlight:
    """Another request with this key is being worked on."""


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """The key was given to a request with another body or path before."""


Claim: TypeAlias = Attempt | InFlight | OtherRequest | Answer


class KeyLedger(Protocol):
    """The keys of every owner; none is seen by another owner."""

    async def claim(self, owner_id: UUID, key: str, fingerprint: bytes) -> Claim:
        """Take the key for a request, or tell what stands in the way; committed on return."""
        ...

    async def settle(self, attempt: Attempt, answer: Answer) -> None:
        """Keep the answer for repeats, unless the attempt has lost its lease to another."""
        ...

    async def release(self, attempt: Attempt) -> None:
        """Let the same request be tried again at once: this attempt decided nothing."""
        ...
