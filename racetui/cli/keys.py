"""``racetui keys``: the keys of the panel, the person's own among them."""

from __future__ import annotations

import argparse
import os

from racetui.cli.output import print_json, table
from racetui.exits import Exit
from racetui.keys import Key, Place, keys_of, shown
from racetui.preferences import config_path, load


def keys(options: argparse.Namespace) -> int:
    """Print the key table; exit code 2 where ``config.toml`` has something wrong, which is printed last."""
    loaded = load(config_path(), environment=os.environ)
    if options.json:
        found = [_document(key, key.id in loaded.own_keys) for key in loaded.keys]
        print_json({"file": loaded.path, "problems": loaded.problems, "keys": found})
    else:
        for place in Place:
            rows = [_row(key, key.id in loaded.own_keys) for key in keys_of(place, table=loaded.keys)]
            print(f"{place.value}\n{table(('keys', 'action', 'what it does'), rows)}\n")
        print(f"change them in the panel's settings, or in [keys] of {loaded.path}, as pause = 'P'; * are yours")
        for problem in loaded.problems:
            print(f"wrong: {problem}")
    return Exit.USAGE if loaded.problems else Exit.OK


def _row(key: Key, own: bool) -> tuple[str, str, str]:
    return " ".join(map(shown, key.keys)), f"{key.id}{'*' if own else ''}", key.help


def _document(key: Key, own: bool) -> dict[str, object]:
    names = [shown(name) for name in key.keys]
    return {"action": key.id, "place": key.place.value, "keys": names, "own": own, "help": key.help}
