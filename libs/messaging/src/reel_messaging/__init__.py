"""Between services: outbox relay, signed webhooks, SQS."""
