"""PPO's learning is stable-baselines3's, bit for bit: parameters and Adam's moments after several rounds.

stable-baselines3 runs its own ``PPO.learn()``; what it saw and did is recorded by its environment and a
callback, and given to our agent as segments. A float's last bits may depend on how many rows a network
evaluates at once, so here both evaluate the rollout one observation at a time: with one environment that is
what stable-baselines3 does; with four, its policy is asked row by row while collecting. Training itself is
untouched, and ``train()`` shuffles from numpy's global generator, whose state our agent is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import NatureCNN
from stable_baselines3.common.vec_env import DummyVecEnv

from agents.api import End, Metrics, Segment, State
from agents.arithmetic import PLAIN, Arithmetic
from agents.network_plans import policy_input_shape
from agents.ppo.agent import EVALUATION_ROWS, PPOAgent
from agents.ppo.config import PPOConfig
from carracing.task import Array, Box, Discrete, TaskSpec

ROUNDS = 4
STEPS = 24
"""Per environment and round."""
IMAGE = (44, 40)
"""Large enough for the networks' kernels."""
STOCK: dict[str, Any] = {"normalise_rewards": False}
"""What stable-baselines3 does not do."""


@dataclass
class Trip:
    """One episode as the environment saw it."""

    observations: list[Array]
    """Single ones, look-back first."""
    rewards: list[float] = field(default_factory=list)
    end: End = End.CUT


class Drift(gymnasium.Env[Array, Any]):
    """Deterministic but for the actions; episodes end by termination, truncation, or at the end of a round."""

    def __init__(self, lane: int, task: TaskSpec) -> None:
        self.observation_space = _space(task)
        self.action_space = _action_space(task)
        self.stack, self.trips = task.stack, list[Trip]()
        self._task, self._lane = task, lane

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        del seed, options
        self._level, self._step = 0.3 * self._lane + 0.1 * len(self.trips), 0
        self.trips.append(Trip([self._observe()] * self._task.stack))
        return self._stacked(), {}

    def step(self, action: Any) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        self._level = 0.9 * self._level + 0.3 * float(np.sum(action)) + 0.1
        self._step += 1
        length = (12, 9, 11, 7, 10)[(len(self.trips) + self._lane) % 5]
        over = self._step == length
        terminated = over and len(self.trips) % 2 == 0
        trip = self.trips[-1]
        trip.observations.append(self._observe())
        trip.rewards.append(float(np.float32(1.0 - self._level**2)))
        if over:
            trip.end = End.TERMINATED if terminated else End.TRUNCATED
        return self._stacked(), trip.rewards[-1], terminated, over and not terminated, {}

    def _stacked(self) -> Array:
        stacked = np.stack(self.trips[-1].observations[-self._task.stack :])
        return stacked.reshape(self.observation_space.shape)

    def _observe(self) -> Array:
        shape = self._task.observation_shape
        wave: Array = np.sin(self._level * np.arange(1, prod(shape) + 1) + self._step).reshape(shape)
        if self._task.observation_dtype == "uint8":
            return (127.5 + 127.5 * wave).astype(np.uint8)
        return wave.astype(np.float32)


class RowwisePolicy(ActorCriticPolicy):
    """Asked about several observations at once while collecting, answers one by one; trains as ever."""

    def forward(self, obs: Any, deterministic: bool = False) -> Any:
        rows = [super(RowwisePolicy, self).forward(row[None], deterministic) for row in obs]
        return tuple(torch.cat(column) for column in zip(*rows, strict=True))

    def predict_values(self, obs: Any) -> torch.Tensor:
        return torch.cat([super(RowwisePolicy, self).predict_values(row[None]) for row in obs])


class Recorder(BaseCallback):
    """At the end of each rollout: the actions, and the generator that train() is about to shuffle with."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: list[Array] = []
        self.generators: list[Any] = []
        self.learned: list[dict[str, torch.Tensor]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        if self.actions:
            self.learned.append(everything(self.model.policy, self.model.policy.optimizer))

    def _on_rollout_end(self) -> None:
        self.actions.append(self.model.rollout_buffer.actions.copy())  # type: ignore[attr-defined]
        self.generators.append(np.random.get_state())  # noqa: NPY002  # the one stable-baselines3 uses

    def _on_training_end(self) -> None:
        self.learned.append(everything(self.model.policy, self.model.policy.optimizer))


def everything(network: Any, optimizer: Any) -> dict[str, torch.Tensor]:
    """Copies of all parameters and all of Adam's state."""
    found = {}
    for name, parameter in network.named_parameters():
        found[name] = parameter.detach().clone()
        for moment, value in optimizer.state[parameter].items():
            found[f"{name} {moment}"] = value.clone()
    return found


def _space(task: TaskSpec) -> spaces.Box:
    if task.observation_dtype == "uint8":
        return spaces.Box(0, 255, policy_input_shape(task), np.uint8)
    return spaces.Box(-np.inf, np.inf, policy_input_shape(task), np.float32)


def _action_space(task: TaskSpec) -> Any:
    if isinstance(task.action, Box):
        return spaces.Box(np.array(task.action.low, np.float32), np.array(task.action.high, np.float32))
    return spaces.Discrete(task.action.n)


VECTOR = TaskSpec((6,), "float32", 1, Box((-1.0, -0.5), (1.0, 0.5)), 1)
VECTOR_DISCRETE = TaskSpec((6,), "float32", 2, Discrete(3), 1)
PIXELS = TaskSpec(IMAGE, "uint8", 2, Box((-1.0, -1.0), (1.0, 1.0)), 1)
PIXELS_DISCRETE = TaskSpec((3, 40, 44), "uint8", 1, Discrete(5), 1)


def stock(config: PPOConfig, task: TaskSpec, lanes: int, policy: type[ActorCriticPolicy]) -> tuple[PPO, list[Drift]]:
    """stable-baselines3's PPO of the same settings, on ``lanes`` environments of its own."""
    envs = [Drift(lane, task) for lane in range(lanes)]
    model = PPO(
        policy,
        DummyVecEnv([lambda env=env: env for env in envs]),  # type: ignore[misc]
        learning_rate=lambda remaining: config.learning_rate * remaining,
        n_steps=STEPS,
        batch_size=config.minibatch,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        ent_coef=config.entropy,
        vf_coef=config.value_coefficient,
        max_grad_norm=config.max_grad_norm,
        policy_kwargs={"features_extractor_class": NatureCNN} if config.network == "nature" else {},
        seed=7,
        device="cpu",
    )
    return model, envs


def segments_of(lane: int, env: Drift, actions: Array, version: int) -> list[Segment]:
    """What a collector would have made of this lane's steps of round ``version``."""
    found, first, begin = [], 0, version * STEPS
    for number, trip in enumerate(env.trips):
        start, stop = max(begin, first), min(begin + STEPS, first + len(trip.rewards))
        if start < stop:
            inner, outer = start - first, stop - first
            found.append(
                Segment(
                    frames=np.stack(trip.observations[inner : outer + env.stack]),
                    actions=actions[start - begin : stop - begin, lane],
                    rewards=np.array(trip.rewards[inner:outer], np.float32),
                    log_probs=None,
                    end=trip.end if outer == len(trip.rewards) else End.CUT,
                    version=version,
                    episode=1000 * lane + number,
                    start=inner,
                    stack=env.stack,
                )
            )
        first += len(trip.rewards)
    return found


def begin_like(
    model: PPO, task: TaskSpec, config: PPOConfig, rows: int, arithmetic: Arithmetic | None = None
) -> PPOAgent:
    """Our agent with the other's initial weights."""
    agent = PPOAgent(task, config, seed=0, evaluation_rows=rows, arithmetic=arithmetic)
    state = agent.state()
    weights = {f"policy/{name}": value.detach().numpy() for name, value in model.policy.named_parameters()}
    agent.restore(State({**state.tensors, **weights}, state.facts))
    return agent


def with_generator(agent: PPOAgent, generator: Any) -> None:
    """Let the agent shuffle from here on as numpy's global generator would from ``generator``."""
    state = agent.state()
    tensors = {**state.tensors, "rng/key": np.asarray(generator[1], np.uint32)}
    agent.restore(State(tensors, {**state.facts, "rng_position": int(generator[2])}))


def learn_round(agent: PPOAgent, envs: list[Drift], recorder: Recorder, number: int) -> Metrics:
    """Give our agent what the other learned from; its schedules count the round itself as done."""
    with_generator(agent, recorder.generators[number])
    actions = recorder.actions[number]
    segments = [part for lane, env in enumerate(envs) for part in segments_of(lane, env, actions, number)]
    return agent.learn(segments, progress=float((number + 1) * STEPS) / float(ROUNDS * STEPS))


pytestmark = pytest.mark.filterwarnings("ignore:You have specified a mini-batch size:UserWarning")

CASES = [
    pytest.param(VECTOR, 1, id="vector-1"),
    pytest.param(VECTOR, 4, id="vector-4"),
    pytest.param(VECTOR_DISCRETE, 4, id="discrete-4"),
    pytest.param(PIXELS, 1, id="pixels-1"),
    pytest.param(PIXELS, 4, id="pixels-4"),
    pytest.param(PIXELS_DISCRETE, 4, id="pixels-discrete-4"),
]


@pytest.mark.parametrize(("task", "lanes"), CASES)
def test_parameters_and_adam_are_stable_baselines3s_to_the_bit(task: TaskSpec, lanes: int) -> None:
    network: Literal["small", "nature"] = "nature" if task.observation_dtype == "uint8" else "small"
    config = PPOConfig(
        **STOCK,
        distribution="gaussian" if isinstance(task.action, Box) else "categorical",
        rollout=STEPS * lanes,
        minibatch=10,
        epochs=3,
        entropy=0.01,
        network=network,
    )
    model, envs = stock(config, task, lanes, ActorCriticPolicy if lanes == 1 else RowwisePolicy)
    agent = begin_like(model, task, config, 1, PLAIN)
    before, recorder = everything(model.policy, model.policy.optimizer), Recorder()
    model.learn(ROUNDS * STEPS * lanes, callback=recorder)
    assert {trip.end for env in envs for trip in env.trips} == set(End), "all kinds of ends must have been seen"

    for number in range(ROUNDS):
        metrics = learn_round(agent, envs, recorder, number)
        assert metrics["learning_rate"] == config.learning_rate * (1 - (number + 1) / ROUNDS)
        ours, theirs = everything(agent._learner.network, agent._learner.optimizer), recorder.learned[number]
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours), f"round {number}"
    assert not any(torch.equal(ours[name], before[name]) for name in before), "something learned everywhere"


def test_evaluating_many_rows_at_once_changes_last_bits_only() -> None:
    """Beside stable-baselines3 as shipped, which evaluates its four environments together."""
    config = PPOConfig(**STOCK, distribution="gaussian", rollout=STEPS * 4, minibatch=10, epochs=3)
    model, envs = stock(config, VECTOR, lanes=4, policy=ActorCriticPolicy)
    agent = begin_like(model, VECTOR, config, rows=EVALUATION_ROWS)
    recorder = Recorder()
    model.learn(ROUNDS * STEPS * 4, callback=recorder)
    for number in range(ROUNDS):
        learn_round(agent, envs, recorder, number)
        ours, theirs = everything(agent._learner.network, agent._learner.optimizer), recorder.learned[number]
        for name in ours:
            torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-6)
