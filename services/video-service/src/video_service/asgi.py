"""Serve HTTP until SIGTERM: `python -m video_service.asgi`."""

import asyncio
import os

from reel_http.serve import run_until_signalled, serve
from reel_observability import logs
from video_service.bootstrap import SERVICE, http_app
from video_service.settings import Settings


async def main(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`; open requests are finished, event streams ended."""
    async with http_app(settings, stop) as app:
        await serve(app, host=settings.host, port=settings.port, stop=stop)


def run() -> None:
    settings = Settings.from_env(os.environ)
    logs.configure(SERVICE, settings.log_level)
    run_until_signalled(lambda stop: main(settings, stop))


if __name__ == "__main__":
    run()
