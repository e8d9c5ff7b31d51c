"""`python -m reel_stack.cdn CONFIG`: serve until SIGTERM."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec
import uvicorn

from reel_observability import logs
from reel_stack.cdn.cache import DiskCache
from reel_stack.cdn.config import Config
from reel_stack.cdn.edge import Edge
from reel_stack.cdn.origin import Origin, http_client
from reel_stack.cdn.store import Store

GRACE_S: Final = 5


async def serve(config: Config) -> None:
    async with http_client() as http:
        cache = DiskCache(Path(config.cache_directory), config.cache_max_bytes)
        origin = Origin(config, http)
        store = Store(origin, cache, object_max_bytes=config.object_max_bytes)
        server = uvicorn.Config(
            Edge(store, invalidation_secret=config.invalidation_secret),
            host=config.host,
            port=config.port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        await uvicorn.Server(server).serve()


def main() -> None:
    config = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Config)
    logs.configure("cdn", "info")
    asyncio.run(serve(config))


if __name__ == "__main__":
    main()
