"""``racetui bench plan``."""

from __future__ import annotations

import argparse
import json
import sys

from racetui.cli.bench import machine
from racetui.cli.output import plain, print_json, table
from racetui.exits import Exit
from racetui.launching import StartRequest


def plan(options: argparse.Namespace) -> int:
    """Train as planned and as around the plan; exit code 1 if the plan is not within a tenth of the best."""
    from racetui.bench.sweep import PROMISED, measure_sweep, sweep_cases

    request = StartRequest(
        agent=options.agent,
        profile=options.profile,
        observation=options.observation,
        collector=options.collector,
        overrides=tuple(options.overrides),
    )
    cases = sweep_cases(request)
    print(f"racetui: {len(cases)} spreads, {options.repeats} turns", file=sys.stderr)
    rows = measure_sweep(
        cases, options.seconds, options.repeats, lambda text: print(f"racetui: {text}", file=sys.stderr)
    )
    planned = next(row for row in rows if row.planned)
    document = {
        "machine": machine(),
        "agent": options.agent,
        "observation": cases[0].spec.task.observation,
        "best": rows[0],
        "planned": planned,
        "ratio": planned.ratio,
        "rows": rows,
    }
    if options.out:
        options.out.write_text(json.dumps(plain(document), indent=2) + "\n")
    if options.json:
        print_json(document)
        return Exit.OK if planned.ratio >= PROMISED else Exit.FAILURE
    cells = [
        (
            f"{row.collector}{' (planned)' if row.planned else ''}",
            *map(str, (row.lanes, row.workers, row.simulator_threads, row.threads)),
            *(f"{rate:,.0f}" for rate in (row.frames_per_second, row.lowest, row.highest)),
            f"{row.memory / 1e6:,.0f}",
            f"{100 * row.ratio:.0f}%",
        )
        for row in rows
    ]
    print(f"{options.agent} on {cases[0].spec.task.observation}, learning included\n{machine()}\n")
    print(table(_HEADINGS, cells))
    print(f"\nthe plan reaches {100 * planned.ratio:.0f} % of the best, which is {rows[0].collector}")
    return Exit.OK if planned.ratio >= PROMISED else Exit.FAILURE


_HEADINGS = (
    *("collector", "lanes", "workers", "simulator", "learner"),
    *("frames/s", "lowest", "highest", "MB", "of the best"),
)
"""simulator and learner: threads."""
