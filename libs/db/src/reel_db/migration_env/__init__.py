"""Alembic's script location: `env.py` only; the revisions are the services'."""
