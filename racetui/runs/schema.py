"""The tables of a run's database."""

from __future__ import annotations

SCHEMA_VERSION = 4
"""Kept in ``PRAGMA user_version``."""

_HEATS = """
-- episodes that drove a track side by side, and the best of them
CREATE TABLE heats (
    id INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    frames_at INTEGER NOT NULL,
    number INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    cars INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    episode INTEGER NOT NULL,
    best_return REAL,
    spread REAL
)
"""

_STAGES = """
-- of a pipeline; what it did counts from where it began, in the run's own counters
CREATE TABLE stages (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    workers INTEGER NOT NULL,
    state TEXT NOT NULL,
    started REAL,
    ended REAL,
    frames_from INTEGER NOT NULL DEFAULT 0,
    steps_from INTEGER NOT NULL DEFAULT 0,
    episodes_from INTEGER NOT NULL DEFAULT 0,
    rounds_from INTEGER NOT NULL DEFAULT 0,
    seconds_from REAL NOT NULL DEFAULT 0,
    frames INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0,
    episodes INTEGER NOT NULL DEFAULT 0,
    rounds INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    share REAL NOT NULL DEFAULT 0,
    -- measured before the start, where it was: frames per second on one core, and seconds expected as planned
    one_core_rate REAL,
    planned_seconds REAL
)
"""

MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        _HEATS,
        "ALTER TABLE run ADD COLUMN cars INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE run ADD COLUMN seeds TEXT NOT NULL DEFAULT 'independent'",
    ),
    2: (_STAGES,),
    3: (
        "ALTER TABLE run ADD COLUMN note TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE run ADD COLUMN labels TEXT NOT NULL DEFAULT ''",
    ),
}
"""Statements that turn version ``key`` into ``key + 1``."""

_TABLES = """
CREATE TABLE run (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL,
    agent TEXT NOT NULL,
    collector TEXT NOT NULL,
    profile TEXT NOT NULL,
    backend TEXT NOT NULL,
    observation TEXT NOT NULL,
    seed INTEGER NOT NULL,
    lanes INTEGER NOT NULL,
    workers INTEGER NOT NULL,
    cars INTEGER NOT NULL DEFAULT 1,
    seeds TEXT NOT NULL DEFAULT 'independent',
    budget_frames INTEGER NOT NULL,
    budget_steps INTEGER NOT NULL,
    budget_episodes INTEGER NOT NULL,
    budget_seconds REAL NOT NULL,
    created REAL NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    state_time REAL NOT NULL,
    ended REAL,
    -- who trains; only in the directory of this inode number, so that a copy never claims the original's process
    pid INTEGER,
    process_started REAL,
    boot TEXT,
    directory INTEGER,
    identified REAL,
    heartbeat REAL,
    frames INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0,
    episodes INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    return_mean REAL,
    frames_per_second REAL,
    episodes_per_second REAL,
    -- rows of metrics written so far; never goes back, so that readers which ask for news miss none after a rewind
    rounds INTEGER NOT NULL DEFAULT 0,
    -- what people say of it (``runs.notes``); tags are separated by spaces
    note TEXT NOT NULL DEFAULT '',
    labels TEXT NOT NULL DEFAULT ''
);
CREATE TABLE metric_names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
-- clustered by metric: one curve lies together on disk; value is NULL for NaN, which SQLite cannot store
CREATE TABLE metrics (
    metric INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    time REAL NOT NULL,
    value REAL,
    PRIMARY KEY (metric, seq)
) WITHOUT ROWID;
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    frames_at INTEGER NOT NULL,
    episode INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    "group" INTEGER NOT NULL,
    version INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    episode_return REAL,
    "end" TEXT NOT NULL,
    facts TEXT NOT NULL
);
CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY,
    frames INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    episodes INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    deterministic INTEGER NOT NULL,
    backend TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    -- whose word it is: a running evaluation of a process that is gone has failed
    pid INTEGER NOT NULL,
    process_started REAL NOT NULL,
    boot TEXT NOT NULL,
    mean REAL,
    std REAL,
    results TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE checkpoints (
    frames INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    bytes INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE tags (tag TEXT PRIMARY KEY, frames INTEGER NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    level TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE hardware (
    id INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    cpu_percent REAL NOT NULL,
    rss_bytes INTEGER NOT NULL,
    pss_bytes INTEGER,
    processes INTEGER NOT NULL
);
CREATE TABLE commands (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    args TEXT NOT NULL,
    created REAL NOT NULL,
    source TEXT NOT NULL,
    taken REAL,
    done REAL,
    outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX commands_pending ON commands (id) WHERE taken IS NULL;
"""
SCHEMA = f"{_TABLES}{_HEATS};{_STAGES};"
