"""``racetui note`` and ``racetui tag``: what people say of a run."""

from __future__ import annotations

import argparse

from racetui.cli.output import print_json, summary_document
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.runs.model import RunSummary
from racetui.runs.notes import change_tags, set_note
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore


def note(options: argparse.Namespace) -> int:
    """Write the note, if there is one, and print what the run has."""
    paths = RunStore().find(options.run)
    if options.text:
        set_note(paths, " ".join(options.text))
    run = _summary(paths)
    return _print(run, run.note, options.json)


def tag(options: argparse.Namespace) -> int:
    """Change the tags, if asked to, and print those that the run has."""
    changes = [change for change in options.changes if change != "--json"]
    if strange := [change for change in changes if not change.startswith(("+", "-"))]:
        raise ConfigError(f"{strange[0]!r}: write +{strange[0]} to add it, or -{strange[0]} to take it away")
    paths = RunStore().find(options.run)
    if changes:
        change_tags(paths, *([change[1:] for change in changes if change[0] == sign] for sign in "+-"))
    run = _summary(paths)
    return _print(run, " ".join(run.tags), options.json or "--json" in options.changes)


def _summary(paths: RunPaths) -> RunSummary:
    with RunReader(paths) as reader:
        return reader.summary()


def _print(run: RunSummary, text: str, json: bool) -> int:
    if json:
        print_json(summary_document(run))
    elif text:
        print(text)
    return Exit.OK
