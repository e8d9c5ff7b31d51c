"""PostgreSQL by asyncpg: pool, transactional outbox, inbox, migrations."""
