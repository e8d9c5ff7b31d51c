"""Is the database there?"""

from reel_db.pool import Pool


async def ping(pool: Pool) -> None:
    """Ask the database for one row.

    Raises:
        Exception: whatever asyncpg raises when it cannot be reached within 2 s.
    """
    async with pool.acquire(timeout=2) as connection:
        await connection.execute("SELECT 1", timeout=2)
