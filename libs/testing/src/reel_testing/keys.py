"""Idempotency keys in memory."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from reel_kernel.idempotency import Answer, Attempt, Claim, InFlight, OtherRequest


@dataclass
class Kept:
    fingerprint: bytes
    resource_id: UUID
    claim_id: UUID | None = None
    answer: Answer | None = None


@dataclass
class FakeKeyLedger:
    """`reel_kernel.idempotency.KeyLedger` whose leases run out when a test says `forget_claims`."""

    kept: dict[tuple[UUID, str], Kept] = field(default_factory=dict[tuple[UUID, str], Kept])

    async def claim(self, owner_id: UUID, key: str, fingerprint: bytes) -> Claim:
        kept = self.kept.setdefault((owner_id, key), Kept(fingerprint, uuid4()))
        if kept.fingerprint != fingerprint:
            return OtherRequest()
        if kept.answer:
            return kept.answer
        if kept.claim_id:
            return InFlight()
        kept.claim_id = uuid4()
        return Attempt(
            owner_id=owner_id, key=key, claim_id=kept.claim_id, resource_id=kept.resource_id
        )

    async def settle(self, attempt: Attempt, answer: Answer) -> None:
        kept = self.kept[attempt.owner_id, attempt.key]
        if kept.claim_id == attempt.claim_id:
            kept.answer = answer

    async def release(self, attempt: Attempt) -> None:
        kept = self.kept[attempt.owner_id, attempt.key]
        if kept.claim_id == attempt.claim_id:
            kept.claim_id = None

    def forget_claims(self) -> None:
        """Let the lease of every attempt run out, as after a crash."""
        for kept in self.kept.values():
            kept.claim_id = None
