"""What the services tell each other, played by the model: in any order, twice, late, or forged."""

import json
from typing import Final
from uuid import uuid4

from standardwebhooks.webhooks import Webhook

from reel_messaging.webhooks import sign
from reel_testing.model import news_rules
from reel_testing.model.backstage import PROGRESS, TRANSCODING, UPLOADS
from reel_testing.model.news_rules import UNKNOWN_JOB, Verdict
from reel_testing.model.outcomes import Json, Rule
from reel_testing.model.play import Message, Play, Tracked, answer_of
from reel_testing.model.story import Mail

REASONS: Final = ("TRANSCODE_ERROR", "TRANSCODE_TIMEOUT", "SOURCE_CORRUPT")
JOBS: Final = ("current", "unnamed", "earlier", "unknown")
FORGERIES: Final = ("unsigned", "wrong secret", "another service's", "stale", "another body")
WRONG_SECRET: Final = "whsec_" + "QUFB" * 8
PHASES: Final = ("READING", "ENCODING", "PUBLISHING", "VERIFYING")
UNMASTERED: Final = ("no master", "another video's", "two masters")


async def send(play: Play, video: Tracked, action: str, message: Message) -> None:
    """Sign a message now, post it, and hold the answer against its rule."""
    headers = play.behind.signed(message.endpoint, message.raw, message.message_id)
    response = await play.behind.post(message.endpoint, message.raw, headers)
    answer = answer_of(response)
    heard = message.is_heard or answer.status == 204
    kept = Message(
        endpoint=message.endpoint,
        message_id=message.message_id,
        raw=message.raw,
        rule=message.rule,
        is_heard=heard,
    )
    video.sent = [one for one in video.sent if one.message_id != message.message_id] + [kept]
    rule = news_rules.ignored if message.is_heard else message.rule
    await play.judge(video, action, rule, answer)


def message(endpoint: str, body: Json, rule: Rule, *, message_id: str | None = None) -> Message:
    return Message(
        endpoint=endpoint,
        message_id=message_id or str(uuid4()),
        raw=json.dumps(body).encode(),
        rule=rule,
        is_heard=False,
    )


def job_of(video: Tracked, which: str) -> tuple[int | None, str | None]:
    """Return a job by its number in the model, and by its id."""
    known = video.job_ids
    match which:
        case "unnamed":
            return None, None
        case "current" if known:
            return len(known), known[-1]
        case "earlier" if len(known) > 1:
            return len(known) - 1, known[-2]
        case _:
            return UNKNOWN_JOB, str(uuid4())


def film_of(video_id: str, attempt: int = 9) -> Json:
    """Return what a worker tells of a film; its files lie where only this attempt writes."""
    prefix = f"videos/{video_id}/hls/a{attempt}"
    assets = [
        {"type": "HLS_MASTER", "fileKey": f"{prefix}/master.m3u8"},
        {"type": "HLS_RENDITION", "fileKey": f"{prefix}/480p/playlist.m3u8", "quality": "480p"},
        {"type": "THUMBNAIL", "fileKey": f"{prefix}/poster.jpg"},
    ]
    return {"durationSeconds": 0.5, "width": 64, "height": 64, "assets": assets}


async def transcoded(play: Play, video: Tracked, status: str, which: str, reason: str) -> None:
    """A worker's answer: READY or FAILED, for this job, for another, or for none that is named."""
    number, job_id = job_of(video, which)
    told = film_of(video.id) if status == "READY" else {"failReason": reason}
    body = {"videoId": video.id, "status": status, "jobId": job_id, **told}
    verdict = Verdict(status=status, job=number, reason=None if status == "READY" else reason)
    sent = message(TRANSCODING, body, news_rules.answered(verdict))
    await send(play, video, f"transcoded {status}", sent)


async def transcoded_wrongly(play: Play, video: Tracked, fault: str) -> None:
    """READY without what READY needs (spec 1.5)."""
    told = film_of(video.id)
    master = told["assets"][0]
    others = f"videos/{uuid4()}/hls/master.m3u8"
    told["assets"] = {
        "no master": told["assets"][1:],
        "another video's": [{**master, "fileKey": others}],
        "two masters": [master, {**master, "fileKey": f"videos/{video.id}/hls/b/master.m3u8"}],
    }[fault]
    body = {"videoId": video.id, "status": "READY", "jobId": job_of(video, "current")[1], **told}
    await send(
        play, video, "transcoded wrongly", message(TRANSCODING, body, news_rules.unacceptable)
    )


async def progressed(play: Play, video: Tracked, percent: int, attempt: int, phase: str) -> None:
    """Progress: of the current job it may be shown, of any other it is not; never a state."""
    body = {
        "videoId": video.id,
        "jobId": job_of(video, "current")[1],
        "attempt": attempt,
        "fraction": percent / 100,
        "etaSeconds": None,
        "phase": phase,
    }
    await send(play, video, "progressed", message(PROGRESS, body, news_rules.ignored))


async def send_again(play: Play, video: Tracked, which: int) -> None:
    """The same message once more, under its own id: late, and out of its order."""
    if video.sent:
        await send(play, video, "webhook again", video.sent[which % len(video.sent)])
    else:
        await progressed(play, video, 1, 1, PHASES[0])


async def upload_news_again(play: Play, video: Tracked, which: int, *, is_original: bool) -> None:
    """What upload-service told of a session, again: under its own id, or as if it were new."""
    told = [(session_id, _admission(play, video, session_id)) for session_id in video.session_ids]
    told += await play.behind.upload_news(video.id)
    if not told:
        await send_again(play, video, which)
        return
    message_id, body = told[which % len(told)]
    if body["status"] == "INITIATED":
        sent = message(UPLOADS, body, news_rules.ignored, message_id=message_id)
        await send(play, video, "admission again", sent)
        return
    mail = Mail(
        outcome=body["status"],
        session_id=body["uploadSessionId"],
        reason={"COMPLETED": None, "CANCELED": "UPLOAD_CANCELED"}.get(
            body["status"], body.get("failReason")
        ),
    )
    rule = news_rules.told_once(mail, is_original=is_original)
    known = message_id if is_original else None
    await send(play, video, "upload news again", message(UPLOADS, body, rule, message_id=known))


def _admission(play: Play, video: Tracked, session_id: str) -> Json:
    return {
        "uploadSessionId": session_id,
        "videoId": video.id,
        "ownerId": play.owner_id,
        "status": "INITIATED",
    }


async def forged(play: Play, video: Tracked, how: str, status: str) -> None:
    """A webhook that transcode-service did not sign, or not now, or not so (ADR 11)."""
    told = film_of(video.id) if status == "READY" else {"failReason": "TRANSCODE_ERROR"}
    raw = json.dumps({"videoId": video.id, "status": status, **told}).encode()
    message_id, behind = str(uuid4()), play.behind
    headers = {
        "unsigned": lambda: {"webhook-id": message_id},
        "wrong secret": lambda: sign(Webhook(WRONG_SECRET), message_id, raw, now=behind.now()),
        "another service's": lambda: behind.signed(UPLOADS, raw, message_id),
        "stale": lambda: behind.signed(TRANSCODING, raw, message_id, age_s=301),
        "another body": lambda: behind.signed(TRANSCODING, raw + b" ", message_id),
    }[how]()
    answer = answer_of(await behind.post(TRANSCODING, raw, headers))
    await play.judge(video, "forged", news_rules.forged, answer)


async def queued_again(play: Play, video: Tracked, which: int) -> None:
    """A queue's message that is delivered twice, maybe long after the first time."""
    sent = await play.behind.queued(video.id)
    if not sent:
        await send_again(play, video, which)
        return
    queue, body = sent[which % len(sent)]
    await play.behind.send_again(queue, body)
    play.steps += 1
    play.ledger.note("queue again", queue)
    await play.look(video)
