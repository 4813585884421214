"""What stands against comparing runs: different amounts, tasks, settings, machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from carracing.task import TRAINING_ONLY
from racetui.comparison.settings import ABSENT

CHANCE = ("seed", "seeds.seed_base")
"""Settings that runs of one kind may differ in: they are the same but for luck."""
ALIKE = 0.02
"""Totals that differ by no more than this share count as the same: runs end with a whole round."""
_FRAMES_OF_TASK = (*(f"task.{option}" for option in TRAINING_ONLY), "task.domain_randomize")
"""What only training has: curves of training differ by it, evaluations do not."""

Document = Mapping[str, Any]
"""As ``benchmark_metrics`` returns it; caveats need no more than its ``outline``."""


def caveats(documents: Sequence[Document]) -> tuple[str, ...]:
    """Why the figures of these runs do not stand for the same thing, the gravest first; empty if they do."""
    return tuple(_caveats(documents)) if len(documents) > 1 else ()


def kinds(documents: Sequence[Document]) -> list[list[int]]:
    """Runs by their places, grouped where they differ in CHANCE alone; unreadable settings stand alone."""
    found: dict[object, list[int]] = {}
    for place, document in enumerate(documents):
        settings = _settings(document)
        kept = frozenset((key, value) for key, value in settings.items() if key not in CHANCE)
        found.setdefault(kept if settings else place, []).append(place)
    return list(found.values())


def _caveats(documents: Sequence[Document]) -> Iterator[str]:
    unread = [_name(document) for document in documents if not _settings(document)]
    if unread:
        yield f"the settings of {_listed(unread)} cannot be read: what they were asked to do is not known"
    for document in documents:
        if document["state"] not in ("finished", "stopped"):
            yield f"{_name(document)} is {document['state']}: its figures are not final"
    for name, unit in (("frames", "frames"), ("training_seconds", "seconds of training")):
        totals = [document[name] for document in documents]
        if max(totals) > min(totals) * (1 + ALIKE):
            yield f"they trained for different amounts: {min(totals):,.0f} to {max(totals):,.0f} {unit}"
    yield from _by_settings(documents)
    yield from _by_machine(documents)


def _by_settings(documents: Sequence[Document]) -> Iterator[str]:
    different = [key for key in _different([_settings(document) for document in documents]) if key != "task.labels"]
    task = [key for key in different if key.startswith("task.") and key not in _FRAMES_OF_TASK]
    rules = [key for key in different if key in _FRAMES_OF_TASK]
    if task:
        yield f"they do not learn the same task: {_listed(task)} differ"
    if rules:
        yield f"training returns follow different rules: {_listed(rules)} differ (evaluations do not follow them)"
    if "backend" in different:
        yield "they were simulated by different backends: compare returns, not speeds"
    scored = [key for key in different if key in ("evaluation.episodes", "evaluation.seed")]
    if scored:
        yield f"evaluations are of different tracks: {_listed(scored)} differ"
    others = [key for key in different if key.startswith(("agent", "collector", "threads", "profile", "pipeline"))]
    if others:
        yield f"settings differ, which may be what you compare: {_listed(others)}"
    if any(key in different for key in CHANCE):
        yield "seeds differ: a difference between two runs may be luck"


def _by_machine(documents: Sequence[Document]) -> Iterator[str]:
    unknown = [_name(document) for document in documents if not document["versions"]]
    if unknown:
        yield f"where {_listed(unknown)} trained, and with which versions, is not known"
    known = [document for document in documents if document["versions"]]
    packages = _different([document["versions"] for document in known])
    if packages:
        yield f"they ran with different versions of {_listed(packages)}"
    parts = _different([{key: str(value) for key, value in document["hardware"].items()} for document in known])
    if parts:
        yield f"they ran on different machines: {_listed(parts)} differ. Compare returns, not speeds"


def _different(tables: Sequence[Mapping[str, str]]) -> list[str]:
    """Keys whose values are not the same in all tables that have any."""
    there = [table for table in tables if table]
    keys = dict.fromkeys(key for table in there for key in table)
    return [key for key in keys if len({table.get(key, ABSENT) for table in there}) > 1]


def _settings(document: Document) -> Mapping[str, str]:
    settings: Mapping[str, str] = (document["configuration"] or {}).get("settings", {})
    return settings


def _name(document: Document) -> str:
    return f"run {document['run']['id']}"


def _listed(words: Sequence[str], most: int = 8) -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
