"""Alembic revisions of schema `upload`, in plain SQL."""
