"""Whether Ray is there, and connecting to it. Importing this does not import Ray."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from collectors.api import CollectorConfig, CollectorConfigError, CollectorError

_CONNECT_SECONDS = 5.0
_JOIN_SECONDS = 20.0
"""Ray takes two to five to load and join."""
_JOIN = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR')"
_STATISTICS = "RAY_USAGE_STATS_ENABLED"
"""Ray would tell its makers about every use, unless this is 0."""
INSTALL = "pip install 'racetui[ray]'"


def check_ray(config: CollectorConfig) -> None:
    """Raise CollectorConfigError, soon, if Ray is not installed or no cluster answers at ``ray_address``."""
    if find_spec("ray") is None:
        raise CollectorConfigError(
            f"collector ray needs Ray, which is not installed: {INSTALL}, or use collector executor"
        )
    if config.ray_address in ("", "auto"):
        return
    host, colon, port = config.ray_address.rpartition(":")
    if not (host and colon and port.isdecimal() and 0 < int(port) < 2**16) or "/" in host:
        raise CollectorConfigError(
            f"ray_address must be HOST:PORT of a Ray cluster's head, such as 192.168.1.10:6379, or auto, "
            f"not {config.ray_address!r}"
        )
    try:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except OSError as error:
        raise CollectorConfigError(
            f"no Ray cluster answers at {config.ray_address} ({error.strerror or error}): start its head there with "
            f"'ray start --head --port={port}', or leave ray_address out to use this machine alone"
        ) from None


def check_cluster(config: CollectorConfig) -> None:
    """Raise CollectorConfigError if no cluster of this Ray can be joined at ``ray_address``; takes some seconds.

    A process of its own tries it: Ray stays in the one that has used it, and insists for longer than people wait.
    """
    if not config.ray_address:
        return
    check_ray(config)
    trying = [sys.executable, "-P", "-c", _JOIN, config.ray_address]
    try:
        subprocess.run(
            trying,
            timeout=_JOIN_SECONDS,
            check=True,
            capture_output=True,
            text=True,
            env={_STATISTICS: "0", **os.environ},
        )
    except subprocess.TimeoutExpired:
        reason = f"nothing that is Ray answered within {_JOIN_SECONDS:.0f} s"
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["Ray ended without a word"])[-1]
    else:
        return
    where = "on this machine" if config.ray_address == "auto" else f"at {config.ray_address}"
    raise CollectorConfigError(
        f"no Ray cluster can be joined {where}: {reason}; start its head there with 'ray start --head', or leave "
        "ray_address out to use this machine alone"
    )


class RaySession:
    """Ray for as long as this is open: the session this process already has, a cluster, or a new one of its own."""

    def __init__(self, config: CollectorConfig, cores: int) -> None:
        """Connect to ``ray_address``, or start Ray on this machine with ``cores``. Raises CollectorError."""
        check_ray(config)
        os.environ.setdefault(_STATISTICS, "0")
        with _own_signals():
            import ray

            self._ours = not ray.is_initialized()
            if self._ours:
                _connect(config, cores)

    def close(self) -> None:
        """Leave the cluster, or end what was started; may be called twice."""
        import ray

        if self._ours:
            self._ours = False
            ray.shutdown()


def _connect(config: CollectorConfig, cores: int) -> None:
    import ray

    try:
        if config.ray_address:
            ray.init(address=config.ray_address, log_to_driver=False, logging_level=logging.ERROR)
        else:
            ray.init(
                "local", num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
            )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"the Ray cluster at {config.ray_address}" if config.ray_address else "Ray on this machine"
        raise CollectorError(f"{where} cannot be used: {error}") from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself when it starts; what a run does at SIGTERM is its own business."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
