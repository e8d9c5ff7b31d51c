"""Ports in their technology: Postgres, S3, HTTP."""
