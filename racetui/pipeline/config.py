"""The stages of a pipeline beside its reinforcement learning, and every number that is usual for them.

A run's spec describes its last training; what comes before and after it is its section ``pipeline``. The numbers are
meant for CarRacing from grey-fast pixels on two cores, and for about three quarters of an hour in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.bc.config import BCConfig, DAggerConfig
from carracing.registry import BONUSES, TRUNCATED_LAPS

PREVIOUS = "@previous"
"""As ``init_from``: the checkpoint that the stage before ended with. No run's name, and no path that people type."""

FRAMES: Mapping[str, int] = {"ppo": 3_000_000, "sac": 200_000}
"""Usual budget of the reinforcement learning: each step is learned from a few times, or many times."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "ppo": {
        "rollout": 8192,
        "minibatch": 512,
        "learning_rate": 5e-5,
        "clip_range": 0.1,
        "entropy": 0.0,
        "value_coefficient": 0.02,
        "value_warmup": 8,
        "pull": 0.1,
        "pull_until": 0.7,
    },
    "sac": {
        "warmup": 3000,
        "learning_rate": 1e-3,
        "policy_learning_rate": 1e-4,
        "n_step": 5,
        "target_rate": 0.02,
        "shift": 0,
        "freeze_encoder": True,
        "spread": 2.5,
        "entropy": -5.8,
        "entropy_coefficient": 0.01,
        "value_warmup": 1500,
        "pull": 20.0,
        "pull_until": 4.0,
    },
}
"""Settings of agents that go on from a clone, where those of a beginner would take it apart: small steps by many
samples, a value that catches up first, and a pull towards the clone that fades.

PPO's value counts for little: its errors are large at first, and with a beginner's 0.5 they rebuilt the encoder that
the clone drives by (samples drove to 845 after 500,000 frames, and to 904 with this). What is the value's alone
learns as fast all the same, since Adam's steps do not depend on the scale of a loss.

SAC's critics learn on the clone's encoder, which stays, from targets five steps ahead that follow quickly: values of
some 500 would take 20,000 updates to get there by a beginner's settings. A clone is so sure of its actions (-7 nats,
where SAC wants -2) that critics hardly see what another action would be worth, so exploring is spread a little, which
is as much as it drives well with, and most of the pull stays to the end: where it faded, the policy went where
critics were wrong, and never finished a lap again.
"""
_TASK: Mapping[str, Mapping[str, Any]] = {"sac": {"bootstrap_laps": True, "missed_penalty": 30.0}}
"""What is usual of the task where such an agent goes on from a clone. Where critics were told that nothing follows a
finished lap, their loss was thirty times what it is without, and all about that."""
EVALUATION: Mapping[str, int] = {"every": 500_000, "episodes": 20}
"""Beside the training of all stages: the best checkpoint of any of them is what is scored."""
CLONES = ("bc", "dagger")
"""Agents that are stages of their own, before the run's own agent."""


AFTER_CLONES: Mapping[str, Mapping[str, str]] = {
    "ppo": {},
    "sac": {"network": "sac", "distribution": "squashed"},
}
"""Agents that can go on from a clone, and what the clone's settings must be for each."""


def task_after_clone(agent: str, backend: str) -> Mapping[str, Any]:
    """What is usual of the task where the agent goes on from a clone, as far as the backend has it."""
    return _TASK.get(agent, {}) if backend in TRUNCATED_LAPS & BONUSES else {}


@dataclass(frozen=True, slots=True)
class DemosStage:
    """What the scripted driver records."""

    episodes: int = 160
    noise: tuple[float, ...] = (0.0, 0.02, 0.05, 0.1)
    """Levels of noise on what is driven, 0 to 1, which episodes take in turn; labels stay clean."""
    random_starts: float = 0.2
    """Share of the blocks whose episodes begin anywhere on the track."""
    seed: int = 0
    workers: int = 1
    """Processes."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if self.episodes < 1:
            raise ValueError(f"episodes must be 1 or more, not {self.episodes}")
        if self.workers < 1:
            raise ValueError(f"workers must be 1 or more, not {self.workers}")


@dataclass(frozen=True, slots=True)
class BCStage:
    """Cloning from the recorded set."""

    epochs: int = 10
    """Passes over the set."""
    agent_config: BCConfig = field(default_factory=BCConfig)
    """As of an agent ``bc``; ``demos`` and ``init_from`` are filled in when the stage begins."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if self.epochs < 1:
            raise ValueError(f"epochs must be 1 or more, not {self.epochs}")
        _check_empty(self.agent_config, "demos", "init_from")


@dataclass(frozen=True, slots=True)
class DAggerStage:
    """Cloning on the road."""

    frames: int = 1_200_000
    """Budget."""
    agent_config: DAggerConfig = field(default_factory=DAggerConfig)
    """As of an agent ``dagger``; ``init_from`` is filled in when the stage begins."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if self.frames < 1:
            raise ValueError(f"frames must be 1 or more, not {self.frames}")
        _check_empty(self.agent_config, "init_from")


@dataclass(frozen=True, slots=True)
class ScoreStage:
    """The last evaluation, of the best checkpoint of all stages."""

    episodes: int = 100
    seed: int = 2_000_000
    """Track seed of the first episode: neither training nor the evaluations beside it drive these."""
    backend: str = ""
    """What simulates; empty is where scores usually count."""
    cores: int = 1

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if self.episodes < 1:
            raise ValueError(f"episodes must be 1 or more, not {self.episodes}")


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """The stages that there are, in this order, the run's own training before the score."""

    demos: DemosStage | None = None
    bc: BCStage | None = None
    dagger: DAggerStage | None = None
    score: ScoreStage | None = None

    def __post_init__(self) -> None:
        """Reject stages that lack what they learn from."""
        if self.bc is not None and self.demos is None:
            raise ValueError("bc learns from demonstrations: it needs a section demos")
        if self.demos is not None and self.bc is None:
            raise ValueError("demos are recorded for bc: it needs a section bc")


def _check_empty(settings: BCConfig | DAggerConfig, *keys: str) -> None:
    for key in keys:
        if getattr(settings, key):
            raise ValueError(f"agent_config.{key} is filled in when the stage begins: leave it out")
