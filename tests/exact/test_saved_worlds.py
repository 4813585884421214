"""States of fast worlds: small, exact, shared out as one likes, and refused where they cannot be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from carracing import TaskConfig
from carracing.simulator.saving import RECORD
from carracing.simulator.state import FIRST_CAPACITY, widened
from carracing.simulator.worlds import FastWorlds
from carracing.task import Array, SavableWorlds, SavedStateError, Step

EVERYONE = np.ones(6, bool)
SEEDS = np.array([5, 5, 5, 6, 6, 6])
ACTIONS = np.random.default_rng(0).uniform(-1, 1, (40, 6, 2)).astype(np.float32)


def driven(config: TaskConfig, steps: int = 20) -> FastWorlds:
    worlds = FastWorlds(config, tracks=2, cars_per_track=3)
    worlds.reset(EVERYONE, SEEDS)
    for actions in ACTIONS[:steps]:
        worlds.step(actions, EVERYONE)
    return worlds


def same(a: Step, b: Step) -> bool:
    return all(np.array_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(Step))


CONFIGS = [
    TaskConfig(domain_randomize=True),
    TaskConfig(observation="vector", random_start=True),
    TaskConfig(observation="grey-fast", early_stop=100),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.observation)
def test_a_restored_state_goes_on_exactly(config: TaskConfig) -> None:
    worlds, other = driven(config), FastWorlds(config, tracks=2, cars_per_track=3)
    assert isinstance(worlds, SavableWorlds)
    state = worlds.state()
    assert np.array_equal(other.restore(state), worlds.reset(np.zeros(6, bool), SEEDS))
    assert np.array_equal(other.state(), state)
    live = ~(worlds.simulator.cars.terminated | worlds.simulator.cars.truncated)
    assert live.any()
    for actions in ACTIONS[20:]:
        step = worlds.step(actions, live)
        assert same(step, other.step(actions, live))
        live &= ~(step.terminated | step.truncated)
    assert np.array_equal(other.state(), worlds.state())
    assert np.array_equal(other.reset(EVERYONE, SEEDS + 1), worlds.reset(EVERYONE, SEEDS + 1))


def test_rows_go_on_in_other_worlds() -> None:
    worlds, config = driven(TaskConfig()), TaskConfig()
    half = FastWorlds(config, tracks=1, cars_per_track=3)
    half.restore(worlds.state()[3:])
    for actions in ACTIONS[20:30]:
        expected, step = worlds.step(actions, EVERYONE), half.step(actions[3:], EVERYONE[3:])
        assert np.array_equal(step.observations, expected.observations[3:])
        assert np.array_equal(step.rewards, expected.rewards[3:])
    assert np.array_equal(half.state(), worlds.state()[3:])


def test_a_state_is_small_and_the_length_of_its_rows_does_not_matter() -> None:
    worlds = driven(TaskConfig())
    state = worlds.state()
    assert state.shape[1] < 700
    padded = np.zeros((6, state.shape[1] + 5), np.uint8)
    padded[:, : state.shape[1]] = state
    other = FastWorlds(TaskConfig(), tracks=2, cars_per_track=3)
    other.restore(padded)
    assert np.array_equal(other.state(), state)
    cars = worlds.simulator.cars
    worlds.simulator.cars = cars._replace(flags=widened(cars.flags, FIRST_CAPACITY + 11))
    other.restore(worlds.state())
    assert np.array_equal(other.state(), state)


def test_worlds_that_never_started_have_a_state() -> None:
    worlds, other = FastWorlds(TaskConfig(), 2, 3), driven(TaskConfig())
    other.restore(worlds.state())
    assert np.array_equal(other.state(), worlds.state())


def _changed(name: str, value: object) -> Callable[[Array], Array]:
    def change(state: Array) -> Array:
        records = np.ascontiguousarray(state[:, : RECORD.itemsize]).view(RECORD)
        records[name][4] = value
        state[:, : RECORD.itemsize] = records.view(np.uint8)
        return state

    return change


WRONG: dict[str, tuple[Callable[[Array], Array], str]] = {
    "other cars": (lambda state: state[:5], "the state of 6 cars is 6 rows"),
    "another kind": (lambda state: state.astype(np.int8), "not int8"),
    "short rows": (lambda state: state[:, :100], r"rows of at least \d+ bytes, not uint8 \(6, 100\)"),
    "not a number": (_changed("bodies", np.nan), "bodies of car 4 in the saved state is nan"),
    "out of the world": (_changed("drives", 1e30), "drives of car 4 in the saved state is 1e\\+30"),
    "beyond the track": (_changed("nearest", 100_000), "nearest of car 4"),
    "an endless way": (_changed("front", -(2**31)), "front of car 4"),
    "more tiles than bits": (_changed("tiles", 2**30), "tiles of car 4"),
    "no track": (_changed("seed", -1), "drives without a track"),
    "another group": (_changed("seed", 9), "other groups"),
    "another track": (_changed("tiles", 200), "the simulator is not the one the state was taken with"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_state_changes_nothing(fault: str) -> None:
    spoil, words = WRONG[fault]
    worlds, undisturbed = driven(TaskConfig()), driven(TaskConfig())
    with pytest.raises(SavedStateError, match=words):
        worlds.restore(spoil(worlds.state()))
    assert np.array_equal(worlds.state(), undisturbed.state())
    assert same(worlds.step(ACTIONS[20], EVERYONE), undisturbed.step(ACTIONS[20], EVERYONE))
