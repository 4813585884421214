"""Many worlds stepped together under the task's rules: what collectors drive, without anything of theirs."""

from __future__ import annotations

import numpy as np

from carracing.actions import check_actions, to_controls
from carracing.expert.driver import ScriptedDriver
from carracing.simulator.eyes import Eyes, make_eyes
from carracing.simulator.saving import pack, read_records, unpack
from carracing.simulator.simulator import Rules, Simulator
from carracing.task import FACTS, Array, ResetNeededError, SavedStateError, Step, TaskConfig, TaskSpec, task_spec

MOST_CARS = 65_536
"""Cars of one simulator: beyond this a mistyped number would eat the machine's memory (150 KB per track)."""
MOST_THREADS = 256
FINISHED = FACTS.index("finished")
_STEERING = np.array([0.0, 1.0, -1.0, 0.0, 0.0])
"""Of stock's five discrete actions, before it multiplies by 0.6."""


class WorldsError(ValueError):
    """Worlds cannot be made or driven like that; says why."""


class FastWorlds:
    """``tracks`` tracks with ``cars_per_track`` cars each; cars of one track are neighbours and a group.

    Implements ``SavableWorlds``. Raises WorldsError.
    """

    def __init__(self, config: TaskConfig, tracks: int, cars_per_track: int = 1, threads: int = 1) -> None:
        if not (tracks >= 1 and cars_per_track >= 1 and tracks * cars_per_track <= MOST_CARS):
            raise WorldsError(f"tracks times cars must be 1 to {MOST_CARS}, not {tracks} x {cars_per_track}")
        if not 1 <= threads <= MOST_THREADS:
            raise WorldsError(f"threads must be 1 to {MOST_THREADS}, not {threads}")
        self._config = config
        self._spec = task_spec(config)
        self._groups = np.repeat(np.arange(tracks, dtype=np.int64), cars_per_track)
        self._firsts: Array = np.append(True, self._groups[1:] != self._groups[:-1])
        """(num,) bool: the first car of each track."""
        self._seeds: Array = np.full(len(self._groups), -1)
        """(num,) int64: what each car's track was made from; -1 before its first."""
        rules = Rules(
            frame_skip=config.frame_skip,
            early_stop=config.early_stop,
            domain_randomize=config.domain_randomize,
            random_start=config.random_start,
            lap_rule=config.lap_rule,
        )
        self.simulator = Simulator(self._groups, rules, threads)
        observation = "grey-cropped" if config.crop_indicators else config.observation
        self._eyes: Eyes = make_eyes(self.simulator, observation)
        self._expert = ScriptedDriver(self.simulator) if config.labels else None

    @property
    def num(self) -> int:
        """How many cars there are."""
        return len(self._groups)

    @property
    def groups(self) -> Array:
        """(num,) int64: the track of each car."""
        return self._groups

    @property
    def spec(self) -> TaskSpec:
        """What one car's observations and actions look like."""
        return self._spec

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes of the cars in ``mask`` (num,) bool, whole groups, on the tracks of ``seeds`` (num,).

        Returns all observations; rows outside ``mask`` keep their last one. Raises WorldsError.
        """
        mask, seeds = np.asarray(mask, bool), np.asarray(seeds)
        self._check_groups(mask, seeds)
        for first in np.flatnonzero(mask & self._firsts):
            self.simulator.lay_track(int(self._groups[first]), _generator(seeds[first]))
        self._seeds[mask] = seeds[mask]
        self.simulator.start(mask)
        return self._eyes.look(mask)

    def step(self, actions: Array, live: Array) -> Step:
        """Drive the cars in ``live`` (num,) bool by ``actions`` (num, A) for ``frame_skip`` frames or to their end.

        Raises ActionError, and ResetNeededError where a live car has no episode going on.
        """
        live, actions = np.asarray(live, bool), np.asarray(actions)
        check_actions(self._spec, actions, live)
        cars = self.simulator.cars
        over = live & (cars.terminated | cars.truncated)
        if over.any():
            raise ResetNeededError(f"car {np.flatnonzero(over)[0]} has no episode going on: call reset before step")
        missed = missed_tiles(self.simulator)
        self.simulator.step(to_orders(actions, self._config.action), live)
        cars, facts = self.simulator.cars, facts_of(self.simulator)
        passed = cars.terminated & (facts[:, FINISHED] > 0.0) if self._config.bootstrap_laps else np.False_
        if self._config.missed_penalty:
            facts = np.column_stack([facts, self._config.missed_penalty * (missed - missed_tiles(self.simulator))])
        return Step(
            observations=self._eyes.look(live),
            rewards=np.where(live, cars.step_reward, 0).astype(np.float32),
            terminated=live & cars.terminated & ~passed,
            truncated=live & (cars.truncated | passed),
            frames=np.where(live, cars.step_frames, 0).astype(np.int32),
            facts=np.where(live[:, None], facts, 0).astype(np.float32),
        )

    def labels(self) -> Array:
        """(num, A) float32: what the scripted driver would do in the place of each car. Raises WorldsError."""
        if self._expert is None:
            raise WorldsError("nobody was asked for labels: make the worlds with labels=True")
        actions = self._expert.actions()
        return to_controls(actions) if self._config.action == "native" else actions

    def state(self) -> Array:
        """(num, bytes) uint8: everything needed to go on exactly from here, a row per car; see ``saving``."""
        return pack(self.simulator.cars, self.simulator.tracks, self._seeds)

    def restore(self, state: Array) -> Array:
        """Go on from ``state``, and look again: all observations. Raises SavedStateError, then unchanged."""
        records, flags = read_records(np.asarray(state), self.num)
        seeds = records["seed"].astype(np.int64)
        if (seeds[1:] != seeds[:-1])[self._groups[1:] == self._groups[:-1]].any():
            raise SavedStateError("cars on one track have different tracks in the saved state: it has other groups")
        copy = Simulator(self._groups, self.simulator.rules)
        for first in np.flatnonzero((seeds >= 0) & self._firsts):
            copy.lay_track(int(self._groups[first]), _generator(seeds[first]))
        tiles = copy.tracks.tiles[self._groups]
        if (tiles != records["tiles"]).any():
            car = int(np.flatnonzero(tiles != records["tiles"])[0])
            raise SavedStateError(
                f"the track of seed {seeds[car]} has {tiles[car]} tiles here, but had {records['tiles'][car]}: "
                "the simulator is not the one the state was taken with"
            )
        unpack(records, flags, copy.cars)
        self.simulator.cars, self.simulator.tracks, self._seeds = copy.cars, copy.tracks, seeds
        observations = self._eyes.look(seeds >= 0)
        copy.cars.nearest[:] = records["nearest"]  # looking may find a nearer one than had been found by then
        return observations

    def close(self) -> None:
        """End all episodes and threads; may be called twice."""
        self.simulator.cars.terminated[:] = True
        self.simulator.close()

    def _check_groups(self, mask: Array, seeds: Array) -> None:
        if mask.shape != (self.num,) or seeds.shape != (self.num,):
            raise WorldsError(f"mask and seeds must have shape ({self.num},), not {mask.shape} and {seeds.shape}")
        same = self._groups[1:] == self._groups[:-1]
        if (same & (mask[1:] != mask[:-1])).any():
            raise WorldsError("cars on one track are reset together: the mask must cover whole groups")
        if (same & mask[1:] & (seeds[1:] != seeds[:-1])).any():
            raise WorldsError("cars on one track need equal seeds")
        if (seeds[mask] < 0).any():
            raise WorldsError(f"a track's seed must not be negative, not {seeds[mask].min()}")


def _generator(seed: int) -> np.random.Generator:
    """The generator that stock's ``reset(seed=...)`` draws from."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(seed))))


def facts_of(simulator: Simulator) -> Array:
    """The task's FACTS of every car: (N, len(FACTS)) float32."""
    cars = simulator.cars
    tiles = simulator.tracks.tiles[cars.group]
    missed = missed_tiles(simulator)
    progress = cars.visited / np.maximum(tiles, 1)
    every_tile = cars.visited == tiles
    finished = every_tile | cars.new_lap
    lap_frames = np.where(every_tile, cars.last_new, cars.frames) * finished
    on_grass = 4 - np.add.reduce(cars.road, axis=1, dtype=np.int32).reshape(-1)[: simulator.count]
    return np.stack([missed, progress, finished, lap_frames, on_grass], axis=1).astype(np.float32)


def missed_tiles(simulator: Simulator) -> Array:
    """(N,) tiles behind the furthest visited one that were not visited, of every car."""
    cars = simulator.cars
    return np.asarray(np.minimum(cars.front, simulator.tracks.tiles[cars.group] - 1) + 1 - cars.visited_behind)


def to_orders(actions: Array, kind: str) -> Array:
    """Steer, gas and brake (N, 3) float64 of checked ``actions`` (N, A), as stock takes them."""
    if kind == "discrete":
        chosen = actions[:, 0]
        return np.stack([0.6 * _STEERING[chosen], 0.2 * (chosen == 3), 0.8 * (chosen == 4)], axis=1)
    controls = to_controls(actions) if kind == "steer-accel" else actions
    return np.ascontiguousarray(controls, np.float64)


def make_fast_worlds(config: TaskConfig, tracks: int, threads: int = 1, cars: int = 1) -> FastWorlds:
    """Make worlds of the compiled simulator. Raises WorldsError."""
    return FastWorlds(config, tracks, cars, threads)
