"""Alembic revisions of schema `video`, in plain SQL."""
