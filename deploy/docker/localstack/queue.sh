#!/bin/bash
# Run by the image once SQS answers: each queue with its dead letters, as reel_stack/queue.py does.
set -euo pipefail

retention_s=1209600
for queue in reel-transcode-jobs reel-upload-events reel-transcode-events; do
    awslocal sqs create-queue --queue-name "$queue-dlq" \
        --attributes "MessageRetentionPeriod=$retention_s"
    awslocal sqs create-queue --queue-name "$queue" --attributes "$(
        cat <<JSON
{
  "VisibilityTimeout": "30",
  "MessageRetentionPeriod": "$retention_s",
  "RedrivePolicy": "{\"deadLetterTargetArn\": \"arn:aws:sqs:us-east-1:000000000000:$queue-dlq\", \"maxReceiveCount\": \"10\"}"
}
JSON
    )"
done
