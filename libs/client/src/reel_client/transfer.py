"""One session's bytes: what the store lacks is sent in parallel, then the parts are joined."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

import httpx
import msgspec

from reel_client.api import ReelApi
from reel_client.errors import PartFailed, ProblemError, ReelError, UploadEnded
from reel_client.gate import SessionGate
from reel_client.part_checksums import PartChecksums
from reel_client.progress import OnProgress, ProgressTracker, UploadPhase
from reel_client.retries import RetryPolicy
from reel_client.source import OpenSource, Part, Source
from reel_client.state import StateStore, UploadRecord
from reel_client.store import PartSender, is_transient
from reel_client.urls import PartUrlBook
from reel_contracts.uploads import CompletedPart, PartUrl, UploadedPart, UploadStatus, UploadView
from reel_kernel.clock import Clock

UNSUPPORTED_FORMAT: Final = "unsupported-format"
"""Problem code of `complete`: the bytes are no film, or of another family than declared."""

MISMATCH_ROUNDS: Final = 3
"""How often parts that `complete` found missing or differing are sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTools:
    """What every transfer of a client shares. `parallel` parts are in flight at once."""

    api: ReelApi
    http: httpx.AsyncClient
    state: StateStore
    retries: RetryPolicy
    now: Clock
    on_progress: OnProgress
    parallel: int


class Transfer:
    """Sends one file into one session; a new object for a new session."""

    def __init__(
        self,
        tools: TransferTools,
        source: Source,
        opened: OpenSource,
        record: UploadRecord,
        view: UploadView,
    ) -> None:
        self._tools = tools
        self.path = source.path
        self._opened = opened
        self._record = record
        self._view = view
        self._parts = source.parts(view.part_size_bytes)
        self._etags: dict[int, str] = {}
        self._checksums = PartChecksums(
            opened, self._parts, view.checksum_algorithm, record.checksums
        )
        self._tracker = ProgressTracker(self._parts, tools.on_progress)
        self._gate = SessionGate(
            tools.api, view.upload_session_id, self._tracker, tools.retries.sleep
        )
        self._sender = PartSender(tools.http, opened, self._tracker.sent)

    async def run(self) -> int:
        """Send what is missing and complete; return how many bytes were there already.

        Raises:
            PartFailed, NetworkError, ProblemError, SourceChanged, StoreError: resumable.
            UploadEnded: the session is over.
        """
        try:
            await self._take_over_uploaded()
            resumed_bytes = sum(p.size_bytes for p in self._parts if p.number in self._etags)
            await self._send([p for p in self._parts if p.number not in self._etags])
            await self._complete()
        except ReelError:
            self._tracker.ended(UploadPhase.FAILED)
            raise
        self._tracker.ended(UploadPhase.COMPLETED)
        return resumed_bytes

    async def _take_over_uploaded(self) -> None:
        """Believe the store's list, as far as its parts are this file's."""
        by_number = {part.number: part for part in self._parts}
        for stored in self._view.uploaded_parts:
            part = by_number.get(stored.part_number)
            if part and await self._is_ours(part, stored):
                self._etags[part.number] = stored.etag
        self._tracker.resumed(self._etags)

    async def _is_ours(self, part: Part, stored: UploadedPart) -> bool:
        if stored.size_bytes != part.size_bytes:
            return False
        etag = stored.etag.strip('"')
        # Without our own note of it, the ETag must be the MD5 of our bytes (S3, no KMS).
        return etag == self._record.etags.get(part.number) or etag == await self._opened.md5(part)

    async def _send(self, parts: Sequence[Part]) -> None:
        urls = PartUrlBook(
            [part.number for part in parts],
            self._part_urls,
            ahead=4 * self._tools.parallel,
            now=self._tools.now,
        )
        pending = iter(parts)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._tools.parallel, len(parts))):
                    group.create_task(self._work(pending, urls))
        except ExceptionGroup as failures:
            # The first failure cancelled the others; it is the one that tells something.
            raise failures.exceptions[0] from None

    async def _work(self, pending: Iterator[Part], urls: PartUrlBook) -> None:
        for part in pending:
            self._etags[part.number] = await self._send_part(part, urls)
            urls.sent(part.number)
            self._tracker.done(part.number)
            self._remember()

    async def _send_part(self, part: Part, urls: PartUrlBook) -> str:
        """Send one part, alone, until the store has it. Raises PartFailed when it never does."""
        attempts = 0
        try:
            async for attempt in self._tools.retries.retrying(is_transient):
                # Outside of `attempt`: the API call has its own retries.
                url = await urls.get(part.number)
                attempts += 1
                with attempt:
                    return await self._try_part(part, url, urls)
        except ReelError as failure:
            if is_transient(failure) and attempts >= self._tools.retries.attempts:
                raise PartFailed(part.number, attempts, str(failure)) from failure
            raise
        raise AssertionError  # the loop returns or raises

    async def _part_urls(self, part_numbers: Sequence[int]) -> list[PartUrl]:
        checksums = await self._checksums.of(part_numbers)
        return await self._gate.part_urls(part_numbers, checksums)

    async def _try_part(self, part: Part, url: PartUrl, urls: PartUrlBook) -> str:
        self._tracker.starts(part.number)
        try:
            return await self._sender.put(part, url)
        except ReelError:
            # A fresh URL costs one small request; a stale one would cost the part again.
            urls.drop(part.number)
            self._checksums.drop(part.number)
            self._tracker.retries(part.number)
            raise

    def _remember(self) -> None:
        etags = {number: etag.strip('"') for number, etag in self._etags.items()}
        self._record = msgspec.structs.replace(
            self._record, etags=etags, checksums=dict(self._checksums.known)
        )
        self._tools.state.save(self._record)

    async def _complete(self) -> None:
        for _ in range(MISMATCH_ROUNDS):
            self._opened.check_unchanged()
            wrong = await self._try_complete()
            if not wrong:
                return
            self._forget(wrong)
            await self._send([part for part in self._parts if part.number in wrong])
        if await self._try_complete():
            raise PartFailed(min(self._etags), MISMATCH_ROUNDS, "the store lists another ETag")

    async def _try_complete(self) -> set[int]:
        """Return the numbers of the parts to send again; none when the upload is complete."""
        checksums = await self._checksums.of([part.number for part in self._parts])
        parts = [
            CompletedPart(part_number=part.number, etag=self._etags[part.number], checksum=checksum)
            for part, checksum in zip(self._parts, checksums or repeat(None), strict=False)
        ]
        try:
            await self._tools.api.complete(
                self._view.upload_session_id, parts, checksum=self._checksums.whole()
            )
        except ProblemError as problem:
            if problem.code == "parts-mismatch":
                return _named_parts(problem) & self._etags.keys() or set(self._etags)
            if problem.code != UNSUPPORTED_FORMAT:
                await self._explain(problem)
            raise
        return set()

    async def _explain(self, problem: ProblemError) -> None:
        """Raise UploadEnded instead when the store failed and the session with it."""
        view = await self._tools.api.get_upload(self._view.upload_session_id)
        if view.status in {UploadStatus.FAILED, UploadStatus.CANCELED}:
            raise UploadEnded(view.upload_session_id, view.status) from problem

    def _forget(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            del self._etags[number]
        self._tracker.lost(numbers)


class _Mismatch(msgspec.Struct):
    """Members of a `parts-mismatch` problem: part numbers."""

    missing: list[int] = msgspec.field(default_factory=list[int])
    differing: list[int] = msgspec.field(default_factory=list[int])


def _named_parts(problem: ProblemError) -> set[int]:
    """Return the parts to send again; none when the answer names none that we understand."""
    try:
        mismatch = msgspec.convert(problem.extra, type=_Mismatch)
    except msgspec.ValidationError:
        return set()
    return {*mismatch.missing, *mismatch.differing}
