"""Serve the health endpoints alone, until SIGTERM: `python -m transcode_service.asgi`.

The worker serves them itself; this is for a process manager that wants them apart.
"""

import asyncio
import os

from reel_http.serve import run_until_signalled, serve
from reel_observability import logs
from transcode_service.bootstrap import SERVICE, health_app
from transcode_service.settings import Settings


async def main(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`."""
    async with health_app(settings) as app:
        await serve(app, host=settings.host, port=settings.port, stop=stop)


def run() -> None:
    settings = Settings.from_env(os.environ)
    logs.configure(SERVICE, settings.log_level)
    run_until_signalled(lambda stop: main(settings, stop))


if __name__ == "__main__":
    run()
