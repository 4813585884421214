"""A headless Chromium, driven by the DevTools protocol: pages are opened, read and typed into."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
    *("--window-size=1280,800", "--remote-debugging-port=0"),
)
_REMEMBER = """
Object.defineProperty(Object.prototype, "websocket_url", {
  configurable: true,
  set(url) {
    window.shown = this;  // textual.js keeps its terminal to itself
    Object.defineProperty(this, "websocket_url", {value: url, writable: true});
  },
});
"""
_READ = """
(() => {
  const buffer = window.shown?.terminal?.buffer.active;
  if (!buffer) return "";
  return Array.from({length: buffer.length}, (_, row) => buffer.getLine(row).translateToString()).join("\\n");
})()
"""


class Page:
    """One page, and everything that it asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._target = ""
        self.asked: list[str] = []
        """Addresses, websockets included."""

    async def open(self, url: str) -> None:
        """Go there."""
        self._target = (await self.tell("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.tell("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        await self.tell("Network.enable")
        await self.tell("Page.enable")
        await self.tell("Page.addScriptToEvaluateOnNewDocument", source=_REMEMBER)
        await self.tell("Page.navigate", url=url)

    async def close(self) -> None:
        """Close the page."""
        self._session = None
        await self.tell("Target.closeTarget", targetId=self._target)

    async def text(self) -> str:
        """What the terminal in it shows."""
        found = await self.tell("Runtime.evaluate", expression=_READ, returnByValue=True)
        return str(found["result"].get("value", ""))

    async def shows(self, *words: str, seconds: float = 30.0) -> None:
        """Wait until all of these can be read."""
        text = ""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    text = await self.text()
                    if all(word in text for word in words):
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{words} are not on the page:\n{text}") from None

    async def press(self, key: str) -> None:
        """Type a letter."""
        for kind in ("keyDown", "keyUp"):
            code = ord(key.upper())
            text = {"text": key} if kind == "keyDown" else {}
            await self.tell("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    async def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give Chromium an order; returns the answer."""
        number = next(self._numbers)
        order = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json(order | ({"sessionId": self._session} if self._session else {}))
        while True:
            message = await self._socket.receive_json(timeout=30)
            if message.get("method") == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
            elif message.get("method") == "Network.webSocketCreated":
                self.asked.append(message["params"]["url"])
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    """Chromium with a page."""
    assert CHROMIUM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM,
            *_OPTIONS,
            f"--user-data-dir={profile}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            told = Path(profile) / "DevToolsActivePort"
            async with asyncio.timeout(60):
                while not told.exists() or len(lines := told.read_text().split()) < 2:
                    await asyncio.sleep(0.05)
            async with aiohttp.ClientSession() as session:
                address = f"ws://127.0.0.1:{lines[0]}{lines[1]}"
                async with session.ws_connect(address, max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            process.kill()
            await process.wait()
