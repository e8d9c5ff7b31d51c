"""The asyncio SDK: `async with ReelClient(api_url, token) as reel: await reel.upload(path, …)`."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from uuid import UUID

import httpx

from reel_client.api import ReelApi
from reel_client.errors import ProblemError, UploadEnded
from reel_client.progress import OnProgress, unseen
from reel_client.retries import API_RETRIES, PART_RETRIES, RetryPolicy
from reel_client.session import SessionOpener
from reel_client.source import OpenSource, Source
from reel_client.state import StateStore, default_state_dir
from reel_client.transfer import UNSUPPORTED_FORMAT, Transfer, TransferTools
from reel_client.transport import ANSWER_S, Token, Transport
from reel_client.watch import WatchPace, watch_video
from reel_contracts.uploads import UploadStatus
from reel_contracts.videos import VideoView
from reel_kernel.clock import Clock, utc_now

PARALLEL: Final = 8
"""Parts in flight: with 5 MiB parts, what a store needs to be kept as busy as by boto3's ten."""

SESSIONS_MAX: Final = 3
"""How many sessions one upload may use up to provider failures (spec 1.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """`resumed_bytes` of `size_bytes` were in the store before this run."""

    video_id: UUID
    upload_session_id: UUID
    size_bytes: int
    resumed_bytes: int


class ReelClient(ReelApi):
    """Everything the public API offers, and uploads that survive a bad line and a kill.

    `token` is a JWT or a callable that gives the current one; it goes to `api_url` alone.
    A given `http` is used and not closed. Safe for concurrent use within one event loop.
    """

    def __init__(
        self,
        api_url: str,
        token: Token,
        http: httpx.AsyncClient | None = None,
        *,
        state_dir: Path | None = None,
        api_retries: RetryPolicy = API_RETRIES,
        part_retries: RetryPolicy = PART_RETRIES,
        now: Clock = utc_now,
    ) -> None:
        self._owned = None if http else httpx.AsyncClient(timeout=ANSWER_S)
        self._http = http or self._owned or httpx.AsyncClient()
        super().__init__(Transport(self._http, api_url, token, api_retries))
        self._stack = AsyncExitStack()
        self._part_retries = part_retries
        self._now = now
        self.state = StateStore(state_dir or default_state_dir(), api_url)

    async def __aenter__(self) -> Self:
        if self._owned:
            await self._stack.enter_async_context(self._owned)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def watch(self, video_id: UUID, *, pace: WatchPace | None = None) -> AsyncGenerator[VideoView]:
        """Yield the video now and after each change, until READY or FAILED.

        Listens to the video's events, and falls back on polling with a conditional GET, back-off
        and jitter; has no end of its own while nothing is decided, so give it `asyncio.timeout`.
        """
        return watch_video(self, video_id, pace or WatchPace())

    async def upload(
        self,
        path: Path,
        *,
        title: str | None = None,
        description: str | None = None,
        video_id: UUID | None = None,
        parallel: int = PARALLEL,
        restart: bool = False,
        on_progress: OnProgress = unseen,
    ) -> Uploaded:
        """Upload a file, or go on with its interrupted upload.

        `title` is the file's stem by default; `video_id` uploads to a video that exists;
        `restart` gives up what was begun before.

        Raises:
            SourceRefused: wrong type or size; no request was made.
            SourceChanged: the file is not the one whose upload began.
            UploadInUse, StateError, UploadEnded, PartFailed, ProblemError, NetworkError.
        """
        source = Source.inspect(path)
        tools = TransferTools(
            api=self,
            http=self._http,
            state=self.state,
            retries=self._part_retries,
            now=self._now,
            on_progress=on_progress,
            parallel=parallel,
        )
        with self.state.exclusive(source):
            if restart:
                await self._give_up(source)
            with source.open() as opened:
                wish = _Wish(source, title or source.path.stem, description, video_id)
                return await self._through_sessions(tools, opened, wish)

    async def _through_sessions(
        self, tools: TransferTools, opened: OpenSource, wish: "_Wish"
    ) -> Uploaded:
        for sessions_left in reversed(range(SESSIONS_MAX)):
            try:
                return await self._through_session(tools, opened, wish)
            except UploadEnded as ended:
                if ended.status != UploadStatus.FAILED or not sessions_left:
                    raise
        raise AssertionError  # the loop returns or raises

    async def _through_session(
        self, tools: TransferTools, opened: OpenSource, wish: "_Wish"
    ) -> Uploaded:
        record, view = await SessionOpener(self, self.state).open(
            wish.source, title=wish.title, description=wish.description, video_id=wish.video_id
        )
        resumed_bytes = wish.source.size_bytes
        if view.status is not UploadStatus.COMPLETED:
            resumed_bytes = await self._transfer(Transfer(tools, wish.source, opened, record, view))
        self.state.forget(wish.source.path)
        return Uploaded(
            video_id=record.video_id,
            upload_session_id=view.upload_session_id,
            size_bytes=wish.source.size_bytes,
            resumed_bytes=resumed_bytes,
        )

    async def _transfer(self, transfer: Transfer) -> int:
        try:
            return await transfer.run()
        except ProblemError as problem:
            if problem.code == UNSUPPORTED_FORMAT:
                self.state.forget(transfer.path)  # these bytes will never be a film
            raise

    async def _give_up(self, source: Source) -> None:
        record = self.state.find_path(source.path)
        if record and record.session_id:
            try:
                await self.cancel(record.session_id)
            except ProblemError as problem:
                if problem.status not in _ALREADY_OVER:
                    raise
        self.state.forget(source.path)


_ALREADY_OVER: Final = frozenset({404, 409})


@dataclass(frozen=True, slots=True)
class _Wish:
    source: Source
    title: str
    description: str | None
    video_id: UUID | None
