"""Queue `reel-transcode-jobs`: TranscodeRequested.v1."""

import msgspec

from reel_contracts.events import TranscodeRequested
from reel_messaging.sqs import Ack, Dead, Handler, Outcome, Retry, SqsMessage
from reel_observability.context import unit_of_work
from transcode_service.domain import outcome
from transcode_service.ports.jobs import JobDeps
from transcode_service.usecases.run_job import run_job


def transcode_requested(deps: JobDeps) -> Handler:
    """Return the handler that runs one job a message."""

    async def handle(message: SqsMessage) -> Outcome:
        try:
            request = msgspec.json.decode(message.body, type=TranscodeRequested)
        except msgspec.DecodeError as error:
            return Dead(f"not a TranscodeRequested.v1: {error}")
        with unit_of_work("transcode", job_id=str(request.job_id), video_id=str(request.video_id)):
            return _answer(await run_job(request, deps))

    return handle


def _answer(decided: outcome.Outcome) -> Outcome:
    match decided:
        case outcome.Done():
            return Ack()
        case outcome.Later(after_s):
            return Retry(after_s)
        case outcome.GivenUp(detail):
            return Dead(detail)
