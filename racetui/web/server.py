"""Serves the panel to browsers through textual-serve: a page, its websocket, and a panel of its own behind that."""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

MOST_PAGES = 8
"""Panels at once: each is a process of some 60 MB, and every reload of a page makes a new one."""
_GRACE_SECONDS = 2.0
"""For panels to be left when the server ends."""
_FILES = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""The page asks nothing of other hosts, tells none where it is, and is shown within no other page."""


class PanelServer(Server):
    """Everything lies under a path that is a secret: page, websocket and files are refused without it."""

    def __init__(self, token: str) -> None:
        super().__init__(shlex.join([sys.executable, "-P", "-m", "racetui.web.panel"]), title="racetui")
        self.command = f"exec {self.command}"  # a shell starts it, which would not pass signals on
        self._token = token.encode()
        self._pages: set[asyncio.Task[None]] = set()
        """What serves the pages that are open."""

    def make(self) -> web.Application:
        """The application to serve."""
        inside = web.Application()
        inside.add_routes(
            [
                *(web.get(path, _file(name)) for path, name in (("/", "page.html"), *_SAME_NAME)),
                web.get("/ws", self.handle_websocket),
                web.static("/static", self.statics_path),
            ]
        )
        outside = web.Application(middlewares=[self._guard()])
        outside.add_subapp(f"/{self._token.decode()}", inside)
        outside.on_shutdown.append(self.on_shutdown)
        return outside

    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            given = request.path.split("/", 2)[1]
            if not secrets.compare_digest(given.encode(errors="replace"), self._token):
                raise web.HTTPForbidden(text="This needs the whole address that `racetui serve` printed.\n")
            if request.path == f"/{given}":
                raise web.HTTPFound(f"/{given}/")
            return await handler(request)

        return guard

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a panel for as long as the page stays open."""
        if len(self._pages) >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} panels are open already: close one first.\n")
        self._pages.add(request.task)
        try:
            return await super().handle_websocket(request)
        finally:
            self._pages.discard(request.task)

    async def on_shutdown(self, _app: web.Application) -> None:
        """Close every page, and give the panels time to be left."""
        pages = set(self._pages)
        for page in pages:
            page.cancel()
        if pages:
            await asyncio.wait(pages, timeout=_GRACE_SECONDS)


_SAME_NAME = (("/page.css", "page.css"), ("/page.js", "page.js"))


def _file(name: str) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_FILES / name, headers=_HEADERS)

    return handler


async def serve(host: str, port: int, ready: Callable[[int, str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` hears the port, which 0 leaves to the system, and the token.

    Raises OSError where nothing can listen there.
    """
    token = secrets.token_urlsafe(24)
    runner = web.AppRunner(PanelServer(token).make(), access_log=None, shutdown_timeout=_GRACE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        ready(runner.addresses[0][1], token)
        await ended.wait()
    finally:
        await runner.cleanup()
