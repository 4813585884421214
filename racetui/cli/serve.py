"""``racetui serve``: the panel in a browser."""

from __future__ import annotations

import argparse
import getpass
import ipaddress
import os
import socket
import sys
from typing import Any

from racetui.cli.options import later
from racetui.exits import Exit

PORT = 8321
_DESCRIPTION = """Serve the panel to browsers, on this machine only unless told otherwise. The address that is printed
holds a secret, new each time: whoever has it can do what you can do with the panel, and without it everything is
refused. Closing a page or this server never ends a run. What is sent is not encrypted: from another machine, go
through SSH as is printed, rather than listen to the network."""


def add_serve_command(commands: Any) -> None:
    """Add it to the parser's commands. Imports nothing heavy."""
    parser = commands.add_parser("serve", help="the panel in a browser", description=_DESCRIPTION)
    parser.set_defaults(command=later("racetui.cli.serve:serve_command"))
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="listen here (default 127.0.0.1: this machine only)"
    )
    parser.add_argument(
        "--port", type=_port, default=PORT, metavar="N", help=f"listen on this port (default {PORT}; 0: a free one)"
    )
    parser.add_argument(
        "--readonly", dest="only_show", action="store_true", help="pages only show (also RACETUI_READONLY=1)"
    )


def serve_command(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    import asyncio

    try:
        from racetui.web.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("aiohttp", "textual_serve"):
            raise
        sys.stderr.write("racetui: the panel in a browser needs textual-serve: pip install 'racetui[serve]'\n")
        return Exit.USAGE

    if options.only_show:
        os.environ["RACETUI_READONLY"] = "1"  # which panels of pages inherit

    def ready(port: int, token: str) -> None:
        print(f"http://{_in_address(options.host)}:{port}/{token}/", flush=True)
        sys.stderr.write(_how_to_reach(options.host, port))

    try:
        asyncio.run(serve(options.host, options.port, ready))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error
        sys.stderr.write(
            f"racetui: cannot listen on {options.host}, port {options.port}: {reason}; --port 0 takes a free one\n"
        )
        return Exit.FAILURE
    return Exit.OK


def _how_to_reach(host: str, port: int) -> str:
    if _is_loopback(host):
        there = f"{getpass.getuser()}@{socket.gethostname()}"
        target = f"{port}:{_in_address(host)}:{port}"
        return (
            f"from another machine: ssh -L {target} {there}, then open this address there\n"
            "whoever has the address can use the panel; Ctrl-C ends serving, runs go on\n"
        )
    return (
        "warning: other machines can reach this, and nothing that is sent is encrypted, the secret in the address "
        "included\nwhoever has the address can use the panel; Ctrl-C ends serving, runs go on\n"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return number
