"""Long curves in few points, long records in few rows. The database makes them: they never come into this process."""

from __future__ import annotations

import sqlite3
from typing import Any

_COUNT = "SELECT count(*) FROM metrics WHERE metric = (SELECT id FROM metric_names WHERE name = :name)"
_CURVE = """
curve AS MATERIALIZED (
    SELECT n.id AS id, min(seq) AS first, max(seq) AS last, 1 + (max(seq) - min(seq)) * 2 / :most AS step
    FROM metrics JOIN metric_names n ON metric = n.id WHERE n.name = :name
)
"""
_STRETCH = "metric = curve.id AND seq >= start AND seq < start + curve.step"
_EXTREMES = f"""
WITH RECURSIVE {_CURVE},
stretches(start) AS (
    SELECT first FROM curve UNION ALL
    SELECT start + step FROM stretches, curve WHERE start + step <= last
)
SELECT seq, frames, time, value FROM metrics WHERE metric = (SELECT id FROM curve) AND seq IN (
    SELECT (SELECT seq FROM metrics WHERE {_STRETCH} AND value NOT NULL ORDER BY value LIMIT 1) FROM stretches, curve
    UNION
    SELECT (SELECT seq FROM metrics WHERE {_STRETCH} ORDER BY value DESC LIMIT 1) FROM stretches, curve
    UNION
    SELECT (SELECT seq FROM metrics WHERE {_STRETCH} AND value IS NULL LIMIT 1) FROM stretches, curve
    UNION
    SELECT last FROM curve
) ORDER BY seq
"""  # noqa: S608 - our own names
_MEANS = f"""
WITH {_CURVE}
SELECT max(seq), avg(frames), avg(time), avg(value) FROM metrics, curve
WHERE metric = curve.id GROUP BY (seq - first) / step ORDER BY 1
"""  # noqa: S608 - our own names
_MINUTES = """
SELECT max(id), max(time), avg(cpu_percent), max(rss_bytes), max(pss_bytes), max(processes) FROM hardware
WHERE time >= :since AND time < :until GROUP BY CAST(time / 60 AS INTEGER)
"""


def is_longer(connection: sqlite3.Connection, name: str, most: int) -> bool:
    """A curve has more than ``most`` rows."""
    return bool(connection.execute(_COUNT, {"name": name}).fetchone()[0] > most)


def extremes(connection: sqlite3.Connection, name: str, most: int) -> list[Any]:
    """Rows of seq, frames, time, value: the least and the greatest value of each stretch, and a NaN in it."""
    return connection.execute(_EXTREMES, {"name": name, "most": most}).fetchall()


def means(connection: sqlite3.Connection, name: str, most: int) -> list[Any]:
    """The same rows: the means of each stretch, over what is a number; seq is its last."""
    return connection.execute(_MEANS, {"name": name, "most": most}).fetchall()


def thin_hardware(connection: sqlite3.Connection, since: float, until: float) -> None:
    """Make one row of each minute's: its mean of the processors, its most of the rest.

    Within a transaction; both ends are full minutes, in Unix seconds. A minute that is one row stays as it is.
    """
    span = {"since": since, "until": until}
    minutes = connection.execute(_MINUTES, span).fetchall()
    connection.execute("DELETE FROM hardware WHERE time >= :since AND time < :until", span)
    connection.executemany(
        "INSERT INTO hardware (id, time, cpu_percent, rss_bytes, pss_bytes, processes) VALUES (?, ?, ?, ?, ?, ?)",
        minutes,
    )
