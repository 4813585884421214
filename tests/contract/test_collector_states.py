"""States of collectors: going on bit for bit, in the same collector, another one, or another process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.api import State, StateError
from agents.checkpoint import Checkpoint, save_checkpoint
from collectors.seeds import EpisodeSeeds
from tests.contract.collecting import (
    ROWS,
    STEPS,
    STEPWISE,
    Setting,
    same_segments,
    same_states,
    stage,
)
from tests.contract.going_on import (
    advance,
    check_another_kind_goes_on,
    check_it_goes_back,
    check_the_other_goes_on,
)
from tests.fakes import CountingRules

EVERY = pytest.mark.parametrize("name", ROWS)


@EVERY
@pytest.mark.parametrize("rounds", [0, 1, 4])
def test_another_collector_goes_on_bit_for_bit(name: str, rounds: int) -> None:
    with stage(name) as made, stage(name) as other:
        made.rounds(rounds)
        check_the_other_goes_on(made, other)


@EVERY
def test_the_same_collector_goes_back(name: str) -> None:
    with stage(name) as made:
        made.rounds(2)
        check_it_goes_back(made)


@pytest.mark.parametrize(
    ("source", "target"), [("sync", "async"), ("async", "sync"), ("executor", "ray"), ("ray", "executor")]
)
def test_a_collector_of_another_kind_goes_on(source: str, target: str) -> None:
    with stage(source) as made, stage(target) as other:
        made.rounds(3)
        check_another_kind_goes_on(made, other)


@EVERY
def test_a_fresh_process_goes_on_from_a_checkpoint(name: str, tmp_path: Path) -> None:
    with stage(name, Setting(constant=True)) as made:
        made.rounds(2)
        nothing = State({}, {})
        checkpoint = Checkpoint("ppo", {}, {}, {"frames": 1}, nothing, collector_state=made.collector.state())
        path = save_checkpoint(tmp_path, checkpoint, "test")
        expected = advance(made)
    done = subprocess.run([sys.executable, "-c", _GO_ON, name, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rewards = np.concatenate([segment.rewards for segment in expected])
    assert json.loads(done.stdout) == [len(expected), rewards.tolist()]


_GO_ON = """
import json, sys
from pathlib import Path
import numpy as np
from agents.checkpoint import load_checkpoint
from tests.contract.collecting import Setting, stage
with stage(sys.argv[1], Setting(constant=True)) as made:
    made.collector.restore(load_checkpoint(Path(sys.argv[2])).collector_state)
    made.agent.version = 2
    made.rounds(3)
    rewards = np.concatenate([segment.rewards for segment in made.agent.segments])
    print(json.dumps([len(made.agent.segments), rewards.tolist()]))
"""


def _without(state: State, name: str) -> State:
    return State({key: value for key, value in state.tensors.items() if key != name}, state.facts)


def _with(state: State, name: str, value: object) -> State:
    return State({**state.tensors, name: np.asarray(value)}, state.facts)


Wrong = dict[str, tuple[Callable[[State], State], str]]
"""Name of a fault -> how to bring it about, and words of its error."""

WRONG: Wrong = {
    "windows missing": (lambda state: _without(state, "windows"), "lacks windows"),
    "other dtype": (lambda state: _with(state, "windows", state.tensors["windows"].astype(np.float64)), "not uint8"),
    "roster part missing": (lambda state: _without(state, "roster.steps"), "lacks steps"),
    "lanes part missing": (lambda state: _without(state, "lanes.actions"), "lacks actions"),
    "no facts": (lambda state: replace(state, facts={}), "of the collector's state is None"),
    "facts of a wrong kind": (lambda state: replace(state, facts={**state.facts, "roster": 3}), "run_seed"),
    "more steps than actions": (
        lambda state: _with(state, "lanes.lengths", state.tensors["lanes.lengths"] + 99),
        "few",
    ),
    "numbers never given": (
        lambda state: _with(state, "roster.episodes", state.tensors["roster.episodes"] + 99),
        "num",
    ),
    "other actions": (
        lambda state: _with(state, "lanes.actions", state.tensors["lanes.actions"] * 0),
        "led elsewhere",
    ),
}


WRONG_EPISODES: Wrong = {
    "blocks missing": (lambda state: _without(state, "blocks"), "lacks blocks"),
    "other dtype": (lambda state: _with(state, "blocks", state.tensors["blocks"].astype(np.int32)), "not int64"),
    "fewer blocks": (lambda state: _with(state, "blocks", state.tensors["blocks"][1:]), "blocks on their way"),
    "blocks of no weights": (lambda state: _with(state, "blocks", state.tensors["blocks"] + 1), "contradicts itself"),
    "weights missing": (lambda state: _without(state, "weights.0.bias"), "weights of version"),
    "no facts": (lambda state: replace(state, facts={}), "run_seed"),
    "other blocks": (lambda state: _fact(state, "episodes_per_block", 7), "taken with another episodes_per_block: 7"),
    "other depth": (lambda state: _fact(state, "depth", 77), "taken with another depth: 77"),
    "negative episode": (lambda state: _fact(state, "next_episode", -1), "after episode -1"),
    "weights undescribed": (lambda state: _fact(state, "weights", [3]), "described as 3"),
    "knobs of a wrong kind": (
        lambda state: _fact(state, "weights", [{"version": 0, "knobs": {"epsilon": "high"}}]),
        "have knobs",
    ),
}


def _fact(state: State, name: str, value: object) -> State:
    return State(state.tensors, {**state.facts, name: value})


CASES = [(name, fault, WRONG) for name in STEPWISE for fault in WRONG] + [
    ("executor", fault, WRONG_EPISODES) for fault in WRONG_EPISODES
]


@pytest.mark.parametrize(("name", "fault", "wrong"), CASES, ids=[f"{name}-{fault}" for name, fault, _ in CASES])
def test_a_wrong_state_changes_nothing(name: str, fault: str, wrong: Wrong) -> None:
    spoil, words = wrong[fault]
    with stage(name) as made, stage(name) as undisturbed:
        for each in (made, undisturbed):
            each.rounds(2, steps=STEPS + 2 * ROWS[name].lanes)
            if name in STEPWISE and not each.collector.state().tensors["lanes.lengths"].any():
                each.rounds(1, steps=1)
        assert name not in STEPWISE or made.collector.state().tensors["lanes.lengths"].any()
        with pytest.raises(StateError, match=words):
            made.collector.restore(spoil(made.collector.state()))
        assert same_segments(advance(made), advance(undisturbed))


def test_a_state_of_other_lanes_says_so() -> None:
    with stage("sync", lanes=3) as made, stage("sync", lanes=4) as other:
        made.rounds(1)
        with pytest.raises(StateError, match="other lanes or another task"):
            other.collector.restore(made.collector.state())


def test_a_state_of_another_run_seed_says_so() -> None:
    with stage("sync") as made, stage("sync", Setting(seeds=EpisodeSeeds(run_seed=12))) as other:
        made.rounds(1)
        with pytest.raises(StateError, match="another run_seed: 11"):
            other.collector.restore(made.collector.state())


def test_a_state_of_a_simulator_whose_episodes_end_earlier_says_so() -> None:
    short = Setting(CountingRules(shortest=1, longest=2))
    with stage("sync", Setting(CountingRules(shortest=9))) as made, stage("sync", short) as different:
        made.rounds(1)
        different.rounds(1)
        before = different.collector.state()
        with pytest.raises(StateError, match="the simulator is not the one the state was taken with"):
            different.collector.restore(made.collector.state())
        assert same_states(different.collector.state(), before)


class _AbandonError(Exception):
    """What a trainer's pulse raises to stop now."""


class _Pulse:
    """Raises at a given tick."""

    def __init__(self) -> None:
        self.ticks_left = -1

    def __call__(self) -> None:
        self.ticks_left -= 1
        if self.ticks_left == 0:
            raise _AbandonError


@EVERY
@pytest.mark.parametrize(("rounds", "ticks"), [(0, 1), (0, 5), (2, 1), (2, 4)])
def test_an_abandoned_round_never_happened(name: str, rounds: int, ticks: int) -> None:
    pulse = _Pulse()
    with stage(name, Setting(pulse=pulse)) as made, stage(name) as undisturbed:
        for each in (made, undisturbed):
            each.rounds(rounds)
        before = made.collector.state()
        pulse.ticks_left = ticks
        made.collector.publish(made.agent.snapshot())
        with pytest.raises(_AbandonError):
            made.collector.collect(STEPS)
        assert same_states(made.collector.state(), before)
        stats = made.collector.stats()
        assert (stats.steps, stats.frames, list(stats.episodes)) == (0, 0, [])
        assert same_segments(advance(made), advance(undisturbed))
        assert made.records == undisturbed.records
