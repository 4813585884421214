"""What is SAC's own: squashed actions, shifted pictures, and an encoder that only the critics train."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from agents.api import Actor, WeightsSnapshot
from agents.errors import UnsupportedTaskError
from agents.random import EpisodeRandom
from agents.replay.replay import Batch
from agents.sac.agent import SACAgent
from agents.sac.config import SACConfig
from agents.sac.learner import SACLearner
from agents.sac.shift import cut_windows, gather_windows, random_shift
from carracing.task import Box, TaskSpec
from tests.unit.ppo_rounds import CHOICE, COLOUR, GREY, VECTOR, observations

NATIVE = replace(VECTOR, action=Box((-1.0, 0.0, 0.0), (1.0, 1.0, 0.5)))
PLAIN = SACConfig(replay=64, warmup=10, precision="float32")


def loaded(learner: SACLearner, **knobs: float) -> Actor:
    actor = learner.actor_spec().build()
    actor.load(WeightsSnapshot(1, learner.acting(), knobs))
    return actor


def stacks(task: TaskSpec, rows: int) -> Any:
    frames = observations(task, rows * task.stack, np.random.default_rng(1))
    return frames.reshape(rows, task.stack, *task.observation_shape)


def streams(rows: int) -> EpisodeRandom:
    return EpisodeRandom(np.arange(rows, dtype=np.uint64) + np.uint64(9), np.arange(rows))


@pytest.mark.parametrize("task", [VECTOR, NATIVE, GREY], ids=str)
def test_actions_are_those_of_the_learners_policy(task: TaskSpec) -> None:
    learner = SACLearner(task, PLAIN)
    seen, acting = stacks(task, 5), learner.networks.acting
    inputs = torch.from_numpy(seen).reshape(5, -1, *task.observation_shape[-2:]).float() / 255.0
    with torch.no_grad():
        mean, log_std = acting.policy(acting.encoder(inputs if task is GREY else torch.from_numpy(seen).flatten(1)))
    best = loaded(learner, deterministic=1.0).act(seen, streams(5))
    np.testing.assert_allclose(best.actions, np.tanh(mean.numpy()), atol=1e-5)
    same = np.repeat(seen[:1], 20_000, axis=0)
    raw = np.arctanh(np.clip(loaded(learner).act(same, streams(20_000)).actions, -1 + 1e-6, 1 - 1e-6))
    np.testing.assert_allclose(raw.mean(axis=0), mean[0].numpy(), atol=0.05)
    np.testing.assert_allclose(raw.std(axis=0), log_std[0].exp().numpy(), rtol=0.05)


def test_environments_get_actions_within_their_bounds() -> None:
    actor = loaded(SACLearner(NATIVE, PLAIN), uniform=1.0)
    decision = actor.act(stacks(NATIVE, 5000), streams(5000))
    assert decision.log_probs is None
    assert -1.0 <= decision.actions.min() < -0.99 and 0.99 < decision.actions.max() <= 1.0
    low, high = np.array([-1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.5])
    np.testing.assert_allclose(decision.env_actions, low + (decision.actions + 1) / 2 * (high - low), atol=1e-6)
    np.testing.assert_allclose(decision.env_actions.mean(axis=0), (low + high) / 2, atol=0.02)
    assert (decision.env_actions >= low).all() and (decision.env_actions <= high).all()


def test_it_warms_up_with_uniform_actions_and_never_when_deterministic() -> None:
    assert SACAgent(VECTOR, PLAIN, seed=1).snapshot().knobs == {"uniform": 1.0}
    learner = SACLearner(VECTOR, PLAIN)
    assert [learner.knobs(steps, 0.5) for steps in (9, 10)] == [{"uniform": 1.0}, {"uniform": 0.0}]
    both = loaded(learner, uniform=1.0, deterministic=1.0).act(stacks(VECTOR, 4), streams(4))
    best = loaded(learner, deterministic=1.0).act(stacks(VECTOR, 4), streams(4))
    assert np.array_equal(both.actions, best.actions)


def test_misuse_is_told() -> None:
    actor = SACAgent(VECTOR, PLAIN, seed=0).actor_spec().build()
    with pytest.raises(RuntimeError, match="load"):
        actor.act(stacks(VECTOR, 1), streams(1))
    with pytest.raises(ValueError, match="shape"):
        actor.load(SACAgent(replace(VECTOR, stack=3), PLAIN, seed=0).snapshot())
    with pytest.raises(UnsupportedTaskError, match=r"task\.action"):
        SACAgent(CHOICE, PLAIN, seed=0)
    with pytest.raises(UnsupportedTaskError, match="too small"):
        SACAgent(replace(GREY, observation_shape=(20, 20)), PLAIN, seed=0)
    for config in (replace(PLAIN, network="nature"), replace(PLAIN, precision="bfloat16")):
        with pytest.raises(UnsupportedTaskError, match="vectors"):
            SACAgent(VECTOR, config, seed=0)


@pytest.mark.parametrize("shape", [(9, 4, 20, 24), (9, 2, 3, 20, 24)])
def test_shifted_pictures_are_cut_from_pictures_with_repeated_edges(shape: tuple[int, ...]) -> None:
    images = torch.from_numpy(np.random.default_rng(1).integers(0, 256, shape, np.uint8))
    pad, seen = 3, Counter[tuple[int, int]]()
    for seed in range(60):
        shifted = random_shift(images, pad, np.random.default_rng(seed))
        assert shifted.shape == images.shape and shifted.dtype == torch.uint8
        for row in range(len(images)):
            wide = np.pad(images[row].numpy(), [(0, 0)] * (images.ndim - 3) + [(pad, pad)] * 2, mode="edge")
            places = [
                (y, x)
                for y in range(2 * pad + 1)
                for x in range(2 * pad + 1)
                if np.array_equal(wide[..., y : y + 20, x : x + 24], shifted[row].numpy())
            ]
            assert len(places) == 1, "all pictures of a stack move alike"
            seen.update(places)
    assert len(seen) == 49 and max(seen.values()) < 40, "uniformly, each row on its own"


def test_gpus_cut_the_same_windows() -> None:
    rng = np.random.default_rng(1)
    images, corners = rng.integers(0, 256, (9, 4, 20, 24), np.uint8), rng.integers(0, 9, (9, 2))
    gathered = gather_windows(torch.from_numpy(images), 4, torch.from_numpy(corners))
    assert np.array_equal(gathered.numpy(), cut_windows(images, 4, corners))


def _batch(task: TaskSpec, rows: int = 12) -> Batch:
    rng = np.random.default_rng(4)
    actions = np.tanh(rng.normal(size=(rows, task.action.size))).astype(np.float32)
    numbers = rng.normal(size=(2, rows)).astype(np.float32)
    return Batch(
        stacks(task, rows), actions, numbers[0], stacks(task, rows)[::-1].copy(), np.abs(numbers[1]) * 0 + 0.9
    )


class Written:
    """The update once more, from the definition: every loss with a graph of its own, then one step each."""

    def __init__(self, learner: SACLearner, rate: float) -> None:
        self.n, self.rate = deepcopy(learner.networks), rate

    def encode(self, encoder: torch.nn.Module, pictures: Any) -> torch.Tensor:
        planes = torch.from_numpy(pictures).reshape(len(pictures), -1, *pictures.shape[-2:])
        encoded: torch.Tensor = encoder(planes.float() / 255.0)
        return encoded

    def act(self, features: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        mean, log_std = self.n.acting.policy(features)
        gaussian = torch.distributions.Normal(mean, log_std.exp())
        raw = mean + torch.from_numpy(rng.standard_normal(mean.shape, np.float32)) * gaussian.scale
        density: torch.Tensor = gaussian.log_prob(raw)  # type: ignore[no-untyped-call]
        density = density - torch.log(1 - torch.tanh(raw) ** 2 + 1e-6)
        return torch.tanh(raw), density.sum(dim=1, keepdim=True)

    def step(self, loss: torch.Tensor, module: list[torch.nn.Parameter]) -> None:
        torch.optim.Adam(module, self.rate).zero_grad()
        gradients = torch.autograd.grad(loss, module)
        optimizer = torch.optim.Adam(module, self.rate)
        for parameter, gradient in zip(module, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()

    def update(self, batch: Batch, rng: np.random.Generator, target_rate: float) -> None:
        n = self.n
        features = self.encode(n.acting.encoder, batch.observations)
        actions, density = self.act(features.detach(), rng)
        alpha = n.log_entropy.exp().detach()
        with torch.no_grad():
            following, next_density = self.act(self.encode(n.acting.encoder, batch.next_observations), rng)
            values = n.target_critics(self.encode(n.target_encoder, batch.next_observations), following)
            backup = torch.minimum(*values) - alpha * next_density
            target = torch.from_numpy(batch.rewards[:, None]) + torch.from_numpy(batch.discounts[:, None]) * backup
        self.step(-(n.log_entropy * (density.detach() - 2.0)).mean(), [n.log_entropy])
        first, second = n.critics(features, torch.from_numpy(batch.actions))
        critic_loss = (functional.mse_loss(first, target) + functional.mse_loss(second, target)) / 2
        self.step(critic_loss, [*n.acting.encoder.parameters(), *n.critics.parameters()])
        chosen = torch.minimum(*n.critics(features.detach(), actions))
        self.step((alpha * density - chosen).mean(), list(n.acting.policy.parameters()))
        with torch.no_grad():
            for target_part, part in ((n.target_encoder, n.acting.encoder), (n.target_critics, n.critics)):
                for old, new in zip(target_part.parameters(), part.parameters(), strict=True):
                    old.copy_((1 - target_rate) * old + target_rate * new)


def test_on_pictures_the_critics_train_the_encoder_and_the_policy_takes_its_features() -> None:
    learner = SACLearner(GREY, replace(PLAIN, shift=0, learning_rate=1e-2, target_rate=0.1))
    before = deepcopy(learner.networks)
    written, batch = Written(learner, 1e-2), _batch(GREY)
    learner.update(batch, np.random.default_rng(3), 1)
    written.update(batch, np.random.default_rng(3), 0.1)
    named = dict(written.n.named_parameters())
    for name, parameter in learner.networks.named_parameters():
        torch.testing.assert_close(parameter, named[name], rtol=1e-3, atol=2e-4, msg=name)
        assert not torch.equal(parameter, before.get_parameter(name)), f"{name} did not learn"


def test_bfloat16_learns_nearly_the_same() -> None:
    found = []
    for precision in ("float32", "bfloat16"):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            learner = SACLearner(GREY, replace(PLAIN, precision=precision))
        for number in range(3):
            learner.update(_batch(GREY), np.random.default_rng(number), number)
        assert all(parameter.dtype == torch.float32 for parameter in learner.networks.parameters())
        found.append(learner.figures())
    for name, value in found[0].items():
        assert value != found[1][name] or name == "entropy_coefficient"
        assert value == pytest.approx(found[1][name], rel=0.1, abs=0.05), name


def test_colour_pictures_are_stacked_by_their_planes() -> None:
    colour = replace(COLOUR, action=VECTOR.action)
    learner = SACLearner(colour, PLAIN)
    learner.update(_batch(colour), np.random.default_rng(0), 1)
    assert np.isfinite(list(learner.figures().values())).all()


def test_a_worker_loads_torch_but_nothing_that_learning_needs() -> None:
    code = (
        "import sys; from carracing.task import TaskConfig, task_spec; from agents.sac.actor import make_actor;"
        "make_actor(task_spec(TaskConfig()), 'small', 64);"
        "print(sorted({'stable_baselines3', 'gymnasium', 'numba', 'agents.replay'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
