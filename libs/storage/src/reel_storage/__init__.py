"""S3: multipart uploads by pre-signed URL, resumable ranged reads, object writes."""
