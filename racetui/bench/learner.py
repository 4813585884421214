"""How fast PPO learns from one round, beside stable-baselines3's own ``train()`` on the same experience."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch

from agents.api import End, Segment, no_pulse
from agents.arithmetic import PLAIN, Arithmetic, choose_arithmetic
from agents.distributions import make_distribution
from agents.networks import ActorCritic
from agents.ppo.config import PPOConfig
from agents.ppo.evaluate import evaluate_steps
from agents.ppo.experience import Experience, gather_experience
from agents.ppo.reference import build_reference
from agents.ppo.update import Learner, Strengths, Targets, Update, make_optimizer
from agents.shards import Shards
from carracing.task import TaskSpec

STOCK = "stable-baselines3"
EXACT = "ours, its arithmetic"
DEFAULT = "ours, default"

Measurement = Callable[[], tuple[float, dict[str, torch.Tensor]]]
"""Learns from the round with fresh weights; samples per second, and the parameters that came out."""


def contenders(task: TaskSpec, config: PPOConfig) -> dict[str, Measurement]:
    """name -> measurement, all from the same weights and one round of made-up experience.

    All learn a Gaussian but the last, which learns as runs do that nobody configured.
    """
    images = len(task.observation_shape) > 1
    fastest = choose_arithmetic(config.precision, "cpu", images)
    gaussian = replace(config, distribution="gaussian")
    found = {STOCK: _stock(task, gaussian), EXACT: _ours(task, gaussian, PLAIN)}
    found["ours, float32"] = _ours(task, gaussian, Arithmetic(threads=fastest.threads))
    if fastest.bfloat16:
        found["ours, bfloat16"] = _ours(task, gaussian, fastest)
    return found | {DEFAULT: _ours(task, config, fastest)}


def apart(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float | None:
    """The largest difference between two learners' parameters; None where they learned different networks."""
    if {name: value.shape for name, value in one.items()} != {name: value.shape for name, value in other.items()}:
        return None
    return max(float((value.detach() - other[name].detach()).abs().max()) for name, value in one.items())


def made_up(task: TaskSpec, config: PPOConfig) -> Experience:
    """A round of noise, in 64 segments."""
    generator, segments = np.random.default_rng(1), min(64, config.rollout // 2)
    lengths = np.full(segments, config.rollout // segments)
    lengths[: config.rollout % segments] += 1
    return gather_experience([_segment(task, int(length), generator) for length in lengths], task)


def _segment(task: TaskSpec, steps: int, generator: np.random.Generator) -> Segment:
    shape = (task.stack + steps, *task.observation_shape)
    if task.observation_dtype == "uint8":
        frames = generator.integers(0, 256, shape, np.uint8)
    else:
        frames = generator.normal(size=shape).astype(np.float32)
    actions = generator.uniform(-1.0, 1.0, (steps, task.action.size)).astype(np.float32)
    return Segment(frames, actions, np.zeros(steps, np.float32), None, End.CUT, 0, 0, 0, task.stack)


def _targets(network: ActorCritic, task: TaskSpec, experience: Experience) -> Targets:
    values, log_probs = evaluate_steps(_learner(network, task), experience, 256, no_pulse)
    advantages = torch.from_numpy(np.random.default_rng(2).normal(size=len(experience)).astype(np.float32))
    return Targets(values, log_probs, advantages, values + advantages, None)


def _fresh(task: TaskSpec, config: PPOConfig, arithmetic: Arithmetic) -> ActorCritic:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = ActorCritic(task, config.network, config.distribution)
        network.initialise(config.initial_log_std)
    network.compute_with(arithmetic)
    return network


def _learner(network: ActorCritic, task: TaskSpec) -> Learner:
    distribution = make_distribution(network.distribution, task.action)
    return Learner(network, distribution, make_optimizer(network, 1.0), Shards(network.arithmetic.threads))


def _ours(task: TaskSpec, config: PPOConfig, arithmetic: Arithmetic) -> Measurement:
    def measure() -> tuple[float, dict[str, torch.Tensor]]:
        experience = made_up(task, config)
        network = _fresh(task, config, arithmetic)
        targets = _targets(_fresh(task, config, PLAIN), task, experience)
        update = Update(
            _learner(network, task), config, Strengths(config.learning_rate, config.entropy, 0.0, value_only=False)
        )
        rng, started = np.random.RandomState(3), time.perf_counter()
        update.run(experience, targets, rng, no_pulse)
        speed = config.epochs * config.rollout / (time.perf_counter() - started)
        return speed, dict(network.named_parameters())

    return measure


def _stock(task: TaskSpec, config: PPOConfig) -> Measurement:
    def measure() -> tuple[float, dict[str, torch.Tensor]]:
        experience, network = made_up(task, config), _fresh(task, config, PLAIN)
        targets = _targets(network, task, experience)
        model = build_reference(task, config)
        model.policy.load_state_dict(network.state_dict(), strict=False)  # it has its encoder under three names
        buffer = model.rollout_buffer
        buffer.observations[:, 0] = experience.observations(experience.first_frame).numpy()
        buffer.actions[:, 0] = experience.actions.numpy()
        for name in ("values", "log_probs", "advantages", "returns"):
            getattr(buffer, name)[:, 0] = getattr(targets, name).numpy()
        buffer.full = True
        np.random.seed(3)  # noqa: NPY002  # the generator that stable-baselines3 shuffles with
        started = time.perf_counter()
        model.train()
        speed = config.epochs * config.rollout / (time.perf_counter() - started)
        return speed, dict(model.policy.named_parameters())

    return measure
