"""SQS: client, publisher for the relay, consumer."""

from reel_messaging.sqs.client import SQS_ERRORS, SqsSettings, queue_reachable, sqs_client
from reel_messaging.sqs.consumer import Consumer, Handler
from reel_messaging.sqs.message import Ack, Dead, Outcome, Retry, SqsMessage
from reel_messaging.sqs.publisher import QueuePublisher
from reel_messaging.sqs.valve import Valve

__all__ = [
    "SQS_ERRORS",
    "Ack",
    "Consumer",
    "Dead",
    "Handler",
    "Outcome",
    "QueuePublisher",
    "Retry",
    "SqsMessage",
    "SqsSettings",
    "Valve",
    "queue_reachable",
    "sqs_client",
]
