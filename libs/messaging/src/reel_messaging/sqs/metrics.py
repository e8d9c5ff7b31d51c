"""What is counted of the consumers; `queue` is a queue's name, of which there are few."""

from typing import Final

from reel_observability.metrics import counter, gauge

RECEIVED: Final = counter("sqs_received_total", "Messages taken from a queue.", ("queue",))
HANDLED: Final = counter(
    "sqs_handled_total",
    "Messages by what became of them: done, retry, dead, failed (the handler raised), handed_back.",
    ("queue", "outcome"),
)
RECEIVE_FAILURES: Final = counter(
    "sqs_receive_failures_total", "Polls that the queue did not answer.", ("queue",)
)
RUNNING: Final = gauge("sqs_running_handlers", "Messages being handled now.", ("queue",))
