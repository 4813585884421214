"""What a new run can start from: demonstrations, and policies of other runs that fit its network. Reads the store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.bc.config import SAC
from agents.network_plans import choose_distribution, policy_input_shape
from agents.registry import config_class
from carracing.task import TaskConfig, task_spec
from profiles.strict import convert
from racetui.pipeline.config import CLONES
from racetui.runs.errors import StoreError
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import RunSpec
from racetui.usual import usual_task

LOOKED_AT = 40
"""Of the newest runs that have a checkpoint."""


@dataclass(frozen=True, slots=True)
class Source:
    """A run whose policy another one may start from."""

    run: RunSummary
    spec: RunSpec

    @property
    def clone(self) -> bool:
        """It has learned by imitation, last or before, and is not to be taken apart by a beginner's steps."""
        return self.spec.agent in CLONES

    def fits(self, agent: str, settings: Mapping[str, Any], observation: str, backend: str) -> bool:
        """Whether an agent of these settings, others as usual, sees, does and is made of the same."""
        given = {"observation": observation}
        theirs, ours = self.spec.task, TaskConfig(**{**usual_task(given, backend, agent), **given})
        mine, other = convert(dict(settings), config_class(agent), "settings"), self.spec.agent_config
        kinds = [(policy_input_shape(task_spec(task)), task_spec(task).action) for task in (theirs, ours)]
        if kinds[0] != kinds[1]:
            return False
        if self.spec.agent not in (agent, *CLONES):
            return False
        if agent == "ppo":
            acts = {choose_distribution(one.distribution, task_spec(ours)) for one in (mine, other)}
            return mine.network == other.network and len(acts) == 1
        if self.clone:
            return bool(other.network == SAC)
        return (mine.network, mine.features) == (other.network, other.features)


def sources(runs: Iterable[RunSummary]) -> list[Source]:
    """Policies of the newest runs that have any; those that cannot be read are left out."""
    found = []
    for run in [run for run in runs if run.checkpoint_frames is not None][:LOOKED_AT]:
        with contextlib.suppress(StoreError), RunReader(RunPaths(run.path)) as reader:
            found.append(Source(run, reader.spec()))
    return found


def demonstration_sets(store: RunStore | None = None) -> list[Path]:
    """Directories of demonstrations in the store, of ``racetui demos`` and of pipelines; the newest first."""
    home = (store or RunStore()).home
    headers = [*home.glob("demos/*/set.json"), *home.glob("runs/*/demos/set.json")]
    return [path.parent for path in sorted(headers, key=lambda path: path.stat().st_mtime, reverse=True)]
