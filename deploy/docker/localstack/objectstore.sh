#!/bin/bash
# Run by the image once S3 answers: the private bucket, as reel_stack/buckets.py makes it.
set -euo pipefail

bucket=reel-media
awslocal s3api head-bucket --bucket "$bucket" 2>/dev/null ||
    awslocal s3api create-bucket --bucket "$bucket"
awslocal s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
awslocal s3api put-bucket-cors --bucket "$bucket" --cors-configuration '{"CORSRules": [{
    "AllowedMethods": ["PUT"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"],
    "ExposeHeaders": ["ETag"]}]}'
awslocal s3api put-bucket-lifecycle-configuration --bucket "$bucket" \
    --lifecycle-configuration '{"Rules": [{"ID": "abandoned-uploads", "Status": "Enabled",
    "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}}]}'
