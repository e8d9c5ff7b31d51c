"""Alembic environment shared by every service; `reel_db.migrations` hands it a connection."""

from alembic import context

options = context.config.attributes
context.configure(
    connection=options["connection"],
    version_table="alembic_version",
    version_table_schema=options["schema"],
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
