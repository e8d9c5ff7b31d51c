"""Postgres and S3 behind the ports."""
