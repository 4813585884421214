"""``racetui import`` and ``racetui export``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from racetui.cli.evaluate import find_target
from racetui.cli.output import print_json
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.tables import TABLES, write_csv


def import_command(options: argparse.Namespace) -> int:
    """Take a file's weights over; print where the checkpoint is, or the new run's id."""
    from racetui.importing import ImportRequest, import_file, save_as_checkpoint, save_as_run

    request = ImportRequest(
        file=options.file,
        agent=options.agent,
        observation=options.observation,
        seed=options.seed,
        config=options.config,
        overrides=tuple(options.set),
    )
    imported = import_file(request)
    if options.out is not None:
        made: dict[str, str | Path] = {"checkpoint": save_as_checkpoint(imported, options.out)}
    else:
        paths = save_as_run(imported, options.name or _name(options.file), options.file)
        made = {"run": paths.id, "checkpoint": paths.checkpoints / "0"}
    checkpoint = imported.checkpoint
    if options.json:
        document = {**made, "agent": checkpoint.agent, "agent_config": checkpoint.agent_config}
        print_json({**document, "task": checkpoint.task, "tensors": checkpoint.extra["imported_tensors"]})
        return Exit.OK
    print(made.get("run", made["checkpoint"]))
    print(
        f"racetui: {checkpoint.extra['imported_tensors']} tensors taken over; train from it with "
        f"--set agent.init_from={made['checkpoint']}",
        file=sys.stderr,
    )
    return Exit.OK


def export_command(options: argparse.Namespace) -> int:
    """Write a policy, or a table of a run, to a file."""
    path: Path = options.to
    if path.suffix.lower() == ".csv":
        if options.checkpoint:
            raise ConfigError("--checkpoint chooses a policy, and .csv has a table of the whole run")
        with RunReader(RunStore().find(options.target)) as reader:
            rows = write_csv(reader, options.table or next(iter(TABLES)), path)
        print(f"racetui: {path} written: {rows:,} rows", file=sys.stderr)
        return Exit.OK
    if options.table:
        raise ConfigError("--table goes with --to FILE.csv")
    from agents.checkpoint import load_checkpoint
    from agents.exchange import check_format, export_policy

    kind = check_format(path)
    target = find_target(options.target, options.checkpoint)
    export_policy(load_checkpoint(target.path), path)
    print(f"racetui: {path} written: a {kind.title}, which acts as {target.path} does", file=sys.stderr)
    return Exit.OK


def _name(file: Path) -> str:
    """A run's name made of a file's."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in file.stem)
    return f"import-{letters}"[:64]
