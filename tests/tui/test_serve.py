"""The panel in a browser: who gets in, what a page shows, and that closing it ends nothing but the panel."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from racetui.cli import main
from racetui.runs.model import RunState
from racetui.runs.reader import RunReader
from tests.tui import stores
from tests.tui.terminals import ROOT

aiohttp = pytest.importorskip("aiohttp", reason="the extra serve is not installed")
pytest.importorskip("textual_serve", reason="the extra serve is not installed")

from tests.tui.browsers import CHROMIUM, browser  # noqa: E402


@dataclass
class Serving:
    """A server of its own, and what it printed."""

    process: psutil.Popen
    url: str

    @property
    def panels(self) -> list[psutil.Process]:
        """Those it runs now."""
        found: list[psutil.Process] = self.process.children(recursive=True)
        return found

    async def left(self, seconds: float = 15.0) -> None:
        """Wait until no panel runs."""
        async with asyncio.timeout(seconds):
            while self.panels:
                await asyncio.sleep(0.05)


@contextlib.contextmanager
def serving(home: Path, *options: str) -> Iterator[Serving]:
    environment = {**os.environ, "RACETUI_HOME": str(home), "PYTHONPATH": str(ROOT), "TMUX": "x"}
    process = psutil.Popen(
        [sys.executable, "-m", "racetui", "serve", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        yield Serving(process, process.stdout.readline().strip())
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
        process.communicate()


async def test_nobody_gets_in_without_the_whole_address(home: Path) -> None:
    with serving(home) as served:
        address = urlsplit(served.url)
        base = f"http://{address.netloc}"
        assert address.hostname == "127.0.0.1"
        token = address.path.strip("/")
        assert len(token) >= 32
        async with aiohttp.ClientSession() as session:
            for path in ("/", "/ws", "/static/js/textual.js", f"/{token[:-1]}/", f"/x{token}/ws", "/%ff%fe/", "//"):
                async with session.get(base + path) as answer:
                    assert answer.status == 403, path
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(f"{base}/ws?width=80&height=24")
            for path in ("", "page.js", "page.css", "static/js/textual.js", "static/css/xterm.css"):
                async with session.get(served.url + path) as answer:
                    assert answer.status == 200, path
            async with session.get(served.url) as answer:
                page = await answer.text()
                assert "http" not in page, "no other host is named"
                assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
            async with session.get(served.url.rstrip("/")) as answer:
                assert answer.status == 200, "the last stroke is easily lost"
        assert not served.panels


async def test_a_panel_ends_with_its_server_even_if_that_is_killed(home: Path) -> None:
    paths, writer = stores.running(home)
    with serving(home) as served:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(served.url + "ws?width=100&height=30") as ws,
        ):
            seen = b""
            async with asyncio.timeout(30):
                while b"ppo-async" not in seen:
                    seen += (await ws.receive()).data
            panels = served.panels
            assert panels
            served.process.send_signal(signal.SIGKILL)
            gone, alive = await asyncio.to_thread(psutil.wait_procs, panels, timeout=15)
            assert not alive, gone
    assert RunReader(paths).summary().state is RunState.RUNNING
    writer.close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
async def test_a_page_shows_the_dashboard_and_its_keys_pause_a_run(home: Path) -> None:
    paths, writer = stores.running(home)
    with serving(home) as served:
        async with browser() as page:
            await page.open(served.url)
            await page.shows("racetui", "● 1 ppo-async", "return, mean of 100", "p pause", "q detach")
            await page.press("p")
            async with asyncio.timeout(20):
                while not (orders := writer.pending_commands()):
                    await asyncio.sleep(0.05)
            assert [order.name for order in orders] == ["pause"]
            writer.set_state(RunState.PAUSED)
            writer.done(orders[0].id, "paused")
            await page.shows("⏸ 1 ppo-async", "p resume")
            await page.shows("link ", "ms ", "kB/s")
            assert RunReader(paths).summary().state is RunState.PAUSED
            host = urlsplit(served.url).netloc
            assert {urlsplit(url).netloc for url in page.asked if not url.startswith("data:")} == {host}
            assert any(url.startswith("ws:") for url in page.asked)
            await page.close()
            await served.left()
        assert served.process.is_running(), "it waits for the next page"
        served.process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(served.process.wait, 15) == 0
    assert RunReader(paths).summary().state is RunState.PAUSED
    writer.close()


async def test_a_readonly_page_only_shows(home: Path) -> None:
    _, writer = stores.running(home)
    with serving(home, "--readonly") as served:
        address = served.url + "ws?width=120&height=40"
        async with aiohttp.ClientSession() as session, session.ws_connect(address) as ws:
            seen = b""
            async with asyncio.timeout(30):
                while b"READ-ONLY" not in seen or b"ppo-async" not in seen:
                    seen += (await ws.receive()).data
                await ws.send_json(["stdin", "p"])
                while b"this panel is read-only" not in seen:
                    seen += (await ws.receive()).data
    assert not writer.pending_commands()
    writer.close()


async def test_the_interrupt_key_ends_server_and_panels_and_frees_the_port(home: Path) -> None:
    _, writer = stores.running(home)
    with serving(home) as served:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(served.url + "ws?width=100&height=30") as ws,
        ):
            await ws.receive()
            panels = served.panels
            port = str(urlsplit(served.url).port)
            assert await asyncio.to_thread(main, ["serve", "--port", port]) == 1, "it is taken"
            served.process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(served.process.wait, 20) == 0
        _, alive = await asyncio.to_thread(psutil.wait_procs, panels, timeout=20)
        assert panels and not alive
    writer.close()


def test_bad_ports_and_a_missing_extra_are_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", "70000"])
    assert ended.value.code == 2
    assert "'70000' is no port" in capsys.readouterr().err
    monkeypatch.delitem(sys.modules, "racetui.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    assert main(["serve"]) == 2
    assert "pip install 'racetui[serve]'" in capsys.readouterr().err
