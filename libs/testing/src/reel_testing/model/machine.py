"""A sequence against Reel, as hypothesis draws and shrinks it."""

import asyncio
from collections.abc import Coroutine
from typing import Final, TypeVar
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from reel_testing.model import lists, sequence, service_actions, upload_actions, video_actions
from reel_testing.model.backstage import Backstage
from reel_testing.model.history import History
from reel_testing.model.ledger import Ledger
from reel_testing.model.play import OWNER, STRANGER, Tracked
from reel_testing.model.video_actions import Kept

T = TypeVar("T")
STEP_S: Final = 300.0
WHICH: Final = st.sampled_from([0, 0, 0, 1, 1, 2])
PAST: Final = st.sampled_from([0, 0, 0, 1])
CREATING: Final = st.sampled_from(["plain", "keyed", "keyed", "at once", *video_actions.FAULTS])
WHO: Final = st.sampled_from([OWNER, OWNER, OWNER, OWNER, STRANGER])
FILM: Final = st.sampled_from(["tiny", "tiny", "tiny", "padded", "text", "cut"])
TITLE: Final = st.sampled_from([*video_actions.TITLES, video_actions.NO_TITLE])
TAG: Final = st.sampled_from([None, 0, 0, 1, 2])
OPENING: Final = st.sampled_from(["right"] * 4 + list(upload_actions.DECLARED))
CLAIM: Final = st.sampled_from(["right", *upload_actions.CLAIMS])
IS_FILLED: Final = st.sampled_from([False, True, True])
NUMBERS: Final = st.lists(st.sampled_from([1, 1, 2, 3, 10_000, 0]), min_size=1, max_size=3)
STEERING: Final = st.sampled_from(["pause", "pause", "resume", "resume", "cancel"])
BYTES: Final = st.sampled_from(["right", "right", "right", "short", "long"])
TWICE: Final = st.sampled_from(["patch", "patch", "retry", "retry", "retry", "delete"])
RARELY_FIRST: Final = st.sampled_from([1, 1, 1, 2, 2, 0])
VERDICT: Final = st.sampled_from(["READY", "FAILED"])
STATUS: Final = st.sampled_from([None, "DRAFT", "UPLOADING", "TRANSCODING", "READY", "FAILED"])
JOB: Final = st.sampled_from(["current", "current", *service_actions.JOBS])
PHASE: Final = st.sampled_from(service_actions.PHASES)


class Machine(RuleBasedStateMachine):
    """Draws depend on draws alone, never on what Reel answered: a sequence can be repeated."""

    def __init__(self, loop: asyncio.AbstractEventLoop, behind: Backstage, ledger: Ledger) -> None:
        super().__init__()
        self._loop = loop
        self._ledger = ledger
        self._kept: list[Kept] = []
        self._is_unbroken = True
        self._history = History()
        self.play = sequence.begin(behind, ledger)
        following = self._history.follow(self.play.phones[OWNER])
        self._following = asyncio.run_coroutine_threadsafe(following, loop)
        self._do(self._history.opened())

    def _do(self, work: Coroutine[object, object, T]) -> T:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(STEP_S)
        except BaseException as error:
            self._is_unbroken = False
            self._ledger.violations.append(repr(error))
            raise

    def _keep(self, kept: Kept | None) -> None:
        self._kept += [] if kept is None else [kept]

    def teardown(self) -> None:
        try:
            if self._is_unbroken:
                self._do(sequence.finish(self.play, self._history))
            if self._following.done() and self._is_unbroken:
                self._following.result()
        finally:
            self._following.cancel()
            self._do(sequence.end(self.play))

    @initialize(film=FILM, ahead=st.integers(0, 5), verdict=VERDICT)
    def begin(self, film: str, ahead: int, verdict: str) -> None:
        self._do(video_actions.create(self.play, film, "Tour"))
        for _ in range(ahead):
            self._do(sequence.go_on(self.play, self.play.video(0), verdict))

    @rule(film=FILM, title=st.sampled_from(video_actions.TITLES), how=CREATING)
    def create(self, film: str, title: str, how: str) -> None:
        key = str(uuid4()) if how == "keyed" else None
        if how == "at once":
            self._do(video_actions.create_twice(self.play, film))
        elif how in video_actions.FAULTS:
            self._do(video_actions.create_wrongly(self.play, how))
        else:
            self._keep(self._do(video_actions.create(self.play, film, title, key=key)))

    @rule(which=WHICH, is_same=st.booleans(), is_malformed=st.sampled_from([False] * 7 + [True]))
    def repeat_a_key(self, which: int, *, is_same: bool, is_malformed: bool) -> None:
        if is_malformed:
            self._do(video_actions.malformed_key(self.play))
            return
        if not self._kept:
            key = str(uuid4())
            self._keep(self._do(video_actions.create(self.play, "tiny", "Tour", key=key)))
        kept = self._kept[which % len(self._kept)]
        self._do(video_actions.repeat(self.play, kept, is_same=is_same))

    @rule(which=WHICH, how=OPENING, who=WHO, is_keyed=st.booleans())
    def open(self, which: int, how: str, who: str, *, is_keyed: bool) -> None:
        key = str(uuid4()) if is_keyed else None
        video = self.play.video(which)
        self._keep(self._do(upload_actions.open_session(self.play, video, how, who=who, key=key)))

    @rule(which=WHICH)
    def open_at_once(self, which: int) -> None:
        self._do(upload_actions.open_twice(self.play, self.play.video(which)))

    @rule(which=WHICH, past=PAST, numbers=NUMBERS, who=WHO)
    def ask_for_urls(self, which: int, past: int, numbers: list[int], who: str) -> None:
        video, session_id = self._session(which, past)
        self._do(upload_actions.part_urls(self.play, video, session_id, numbers, who=who))

    @rule(which=WHICH, past=PAST, number=st.integers(1, 2), how=BYTES, is_filled=IS_FILLED)
    def put(self, which: int, past: int, number: int, how: str, *, is_filled: bool) -> None:
        video, session_id = self._session(which, past, is_filled=is_filled)
        self._do(upload_actions.put(self.play, video, session_id, number, how))

    @rule(which=WHICH, past=PAST, verb=STEERING, who=WHO, is_filled=IS_FILLED)
    def steer(self, which: int, past: int, verb: str, who: str, *, is_filled: bool) -> None:
        video, session_id = self._session(which, past, is_filled=is_filled)
        self._do(upload_actions.steer(self.play, video, session_id, verb, who=who))

    @rule(which=WHICH, past=PAST, who=WHO)
    def show_upload(self, which: int, past: int, who: str) -> None:
        video, session_id = self._session(which, past)
        self._do(upload_actions.show(self.play, video, session_id, who=who))

    @rule(which=WHICH, past=PAST, how=CLAIM, who=WHO, is_filled=IS_FILLED)
    def complete(self, which: int, past: int, how: str, who: str, *, is_filled: bool) -> None:
        video, session_id = self._session(which, past, is_filled=is_filled)
        self._do(upload_actions.complete(self.play, video, session_id, how, who=who))

    @rule(which=WHICH, verb=st.sampled_from(["complete", "pause", "cancel"]), is_filled=IS_FILLED)
    def complete_and(self, which: int, verb: str, *, is_filled: bool) -> None:
        video, session_id = self._session(which, 0, is_filled=is_filled)
        self._do(upload_actions.complete_and(self.play, video, session_id, verb))

    def _session(self, which: int, past: int, *, is_filled: bool = False) -> tuple[Tracked, str]:
        video = self.play.video(which)
        if is_filled:
            self._do(sequence.fill(self.play, video))
        return video, self.play.session_id(video, past)

    @rule(which=WHICH, verdict=VERDICT)
    def go_on(self, which: int, verdict: str) -> None:
        self._do(sequence.go_on(self.play, self.play.video(which), verdict))

    @rule(which=WHICH, times=st.integers(2, 5), verdict=VERDICT)
    def go_far(self, which: int, times: int, verdict: str) -> None:
        for _ in range(times):
            self._do(sequence.go_on(self.play, self.play.video(which), verdict))

    @rule(which=WHICH, title=TITLE, who=WHO, guard=TAG)
    def patch(self, which: int, title: str, who: str, guard: int | None) -> None:
        video = self.play.video(which)
        self._do(video_actions.patch(self.play, video, title, who=who, guard=guard))

    @rule(which=WHICH, verb=TWICE)
    def at_once(self, which: int, verb: str) -> None:
        video = self.play.video(which)
        if verb == "patch":
            self._do(video_actions.patch_twice(self.play, video))
        else:
            self._do(video_actions.twice(self.play, video, verb))

    @rule(which=RARELY_FIRST, who=WHO)
    def delete(self, which: int, who: str) -> None:
        self._do(video_actions.delete(self.play, self.play.video(which), who=who))

    @rule(which=WHICH, who=WHO)
    def retry(self, which: int, who: str) -> None:
        self._do(video_actions.retry(self.play, self.play.video(which), who=who))

    @rule(which=WHICH, who=WHO, known=TAG)
    def get(self, which: int, who: str, known: int | None) -> None:
        self._do(video_actions.get(self.play, self.play.video(which), who=who, known=known))

    @rule(limit=st.integers(1, 3), status=STATUS)
    def list_by_pages(self, limit: int, status: str | None) -> None:
        self._do(lists.list_by_pages(self.play, limit, status))
        self._do(lists.list_of_stranger(self.play))

    @rule(which=WHICH, status=VERDICT, job=JOB, reason=st.sampled_from(service_actions.REASONS))
    def transcoded(self, which: int, status: str, job: str, reason: str) -> None:
        video = self.play.video(which)
        self._do(service_actions.transcoded(self.play, video, status, job, reason))

    @rule(which=WHICH, fault=st.sampled_from(service_actions.UNMASTERED))
    def transcoded_wrongly(self, which: int, fault: str) -> None:
        self._do(service_actions.transcoded_wrongly(self.play, self.play.video(which), fault))

    @rule(which=WHICH, percent=st.integers(0, 100), attempt=st.integers(1, 2), phase=PHASE)
    def progressed(self, which: int, percent: int, attempt: int, phase: str) -> None:
        video = self.play.video(which)
        self._do(service_actions.progressed(self.play, video, percent, attempt, phase))

    @rule(which=WHICH, message=st.integers(0, 5))
    def webhook_again(self, which: int, message: int) -> None:
        self._do(service_actions.send_again(self.play, self.play.video(which), message))

    @rule(which=WHICH, message=st.integers(0, 5), is_original=st.booleans())
    def upload_news_again(self, which: int, message: int, *, is_original: bool) -> None:
        video = self.play.video(which)
        again = service_actions.upload_news_again(
            self.play, video, message, is_original=is_original
        )
        self._do(again)

    @rule(which=WHICH, how=st.sampled_from(service_actions.FORGERIES), status=VERDICT)
    def forged(self, which: int, how: str, status: str) -> None:
        self._do(service_actions.forged(self.play, self.play.video(which), how, status))

    @rule(which=WHICH, message=st.integers(0, 5))
    def queued_again(self, which: int, message: int) -> None:
        self._do(service_actions.queued_again(self.play, self.play.video(which), message))

    @rule(which=WHICH)
    def settle(self, which: int) -> None:
        self._do(sequence.wait(self.play, self.play.video(which)))
