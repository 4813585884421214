"""The gradient steps of SAC and DQN are stable-baselines3's: same batches and noise, same parameters.

To the last bit, on pictures too (DQN's; SAC shares its encoder, which stable-baselines3 cannot) if the channels
of a pixel lie apart in memory as there; together, which is faster, convolutions sum in another order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import DQN, SAC
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from torch.distributions import normal

from agents.arithmetic import Arithmetic
from agents.dqn import learner as module
from agents.dqn.config import DQNConfig
from agents.dqn.learner import DQNLearner
from agents.network_plans import policy_input_shape
from agents.replay.replay import Batch
from agents.sac.config import SACConfig
from agents.sac.learner import SACLearner
from carracing.task import Box, Discrete, TaskSpec

ROWS = 32
UPDATES = 8
GAMMA = np.float32(0.97)
STEERING = TaskSpec((7,), "float32", 2, Box((-1.0, -1.0), (1.0, 1.0)), 4)
NATIVE = TaskSpec((7,), "float32", 1, Box((-1.0, 0.0, 0.0), (1.0, 1.0, 1.0)), 4)
CHOICE = TaskSpec((7,), "float32", 2, Discrete(5), 4)
PICTURES = TaskSpec((44, 40), "uint8", 4, Discrete(5), 4)


def batches(task: TaskSpec, steps: int) -> list[Batch]:
    """As a replay gives them: some episodes end, some looks ahead are shorter than ``steps``."""
    rng = np.random.default_rng(3)

    def observations() -> Any:
        shape = (ROWS, task.stack, *task.observation_shape)
        if task.observation_dtype == "uint8":
            return rng.integers(0, 256, shape, np.uint8)
        return rng.normal(size=shape).astype(np.float32)

    def actions() -> Any:
        if isinstance(task.action, Box):
            return np.tanh(rng.normal(size=(ROWS, task.action.size))).astype(np.float32)
        return rng.integers(0, task.action.n, (ROWS, 1))

    found = []
    for _ in range(UPDATES):
        discounts = np.where(rng.random(ROWS) < 0.2, np.float32(0.0), GAMMA ** rng.integers(1, steps + 1, ROWS))
        rewards = rng.normal(size=ROWS).astype(np.float32)
        found.append(Batch(observations(), actions(), rewards, observations(), discounts.astype(np.float32)))
    return found


class OneBatch:
    """In the place of stable-baselines3's replay."""

    def __init__(self, task: TaskSpec) -> None:
        self._shape = policy_input_shape(task)
        self.batch: Batch | None = None

    def sample(self, rows: int, env: Any = None) -> ReplayBufferSamples:
        batch = self.batch
        assert batch is not None and rows == ROWS and env is None
        over = torch.from_numpy((batch.discounts == 0.0).astype(np.float32))
        discounts = np.where(batch.discounts == 0.0, GAMMA, batch.discounts)  # which is multiplied by 1 - over
        seen, following = (
            torch.from_numpy(pictures.reshape(ROWS, *self._shape))
            for pictures in (batch.observations, batch.next_observations)
        )
        return ReplayBufferSamples(
            seen,
            torch.from_numpy(batch.actions),
            following,
            over[:, None],
            torch.from_numpy(batch.rewards)[:, None],
            torch.from_numpy(discounts.astype(np.float32))[:, None],
        )


def ready(model: Any, task: TaskSpec) -> Any:
    """Set up without an environment, as if made with one."""
    shape = policy_input_shape(task)
    images = len(shape) == 3
    model.observation_space = spaces.Box(0, 255, shape, np.uint8) if images else spaces.Box(-9, 9, shape)
    if isinstance(task.action, Box):
        model.action_space = spaces.Box(np.array(task.action.low, "f"), np.array(task.action.high, "f"))
    else:
        model.action_space = spaces.Discrete(task.action.n)
    model.n_envs = 1
    model._setup_model()
    model.set_logger(Logger(None, []))
    model.replay_buffer = OneBatch(task)
    return model


def copy(target: torch.nn.Module, source: torch.nn.Module) -> None:
    with torch.no_grad():
        for old, new in zip(target.parameters(), source.parameters(), strict=True):
            old.copy_(new)


def moments(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [
        state[name]
        for group in optimizer.param_groups
        for state in map(optimizer.state.__getitem__, group["params"])
        for name in ("step", "exp_avg", "exp_avg_sq")
    ]


@pytest.mark.parametrize("task", [STEERING, NATIVE], ids=str)
@pytest.mark.parametrize("steps", [1, 3])
def test_sac_to_the_last_bit(task: TaskSpec, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = SACLearner(task, SACConfig(batch=ROWS, learning_rate=1e-3, target_rate=0.01))
    theirs = ready(
        SAC(
            "MlpPolicy",
            None,  # type: ignore[arg-type]
            learning_rate=1e-3,
            tau=0.01,
            target_entropy=-float(task.action.size),
            device="cpu",
            _init_setup_model=False,
        ),
        task,
    )
    networks, actor = ours.networks, theirs.policy.actor
    policy = networks.acting.policy
    pairs = [(actor.latent_pi, policy.hidden), (actor.mu, policy.mean), (actor.log_std, policy.log_std)]
    pairs += [(theirs.critic, networks.critics), (theirs.critic_target, networks.target_critics)]
    for target, source in pairs:
        copy(target, source)
    theirs.log_ent_coef.data.copy_(networks.log_entropy.data)
    before = [parameter.clone() for parameter in networks.parameters()]
    noise, same_noise = np.random.default_rng(9), np.random.default_rng(9)
    monkeypatch.setattr(
        normal,
        "_standard_normal",
        lambda shape, dtype, device: torch.from_numpy(same_noise.standard_normal(tuple(shape), np.float32)),
    )
    for number, batch in enumerate(batches(task, steps), 1):
        ours.update(batch, noise, number)
        theirs.replay_buffer.batch = batch
        theirs.train(1, ROWS)
    for target, source in pairs:
        for one, other in zip(target.parameters(), source.parameters(), strict=True):
            assert torch.equal(one, other)
    assert torch.equal(theirs.log_ent_coef, networks.log_entropy)
    optimizers = {
        "critics": theirs.critic.optimizer,
        "policy": actor.optimizer,
        "entropy": theirs.ent_coef_optimizer,
    }
    for name, optimizer in optimizers.items():
        pairs_of_moments = zip(moments(ours.optimizers[name]), moments(optimizer), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs_of_moments), name
    assert not any(torch.equal(old, new) for old, new in zip(before, networks.parameters(), strict=True))
    figures = ours.figures()
    assert np.isfinite(list(figures.values())).all()


def _stock_dqn(task: TaskSpec, config: DQNConfig) -> Any:
    pictures = task.observation_dtype == "uint8"
    return ready(
        DQN(
            "CnnPolicy" if pictures else "MlpPolicy",
            None,  # type: ignore[arg-type]
            learning_rate=config.learning_rate,
            max_grad_norm=config.max_grad_norm,
            policy_kwargs={} if pictures else {"net_arch": [256, 256]},
            device="cpu",
            _init_setup_model=False,
        ),
        task,
    )


@pytest.mark.parametrize("task", [CHOICE, PICTURES], ids=str)
@pytest.mark.parametrize("steps", [1, 3])
def test_dqn_to_the_last_bit(task: TaskSpec, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "choose_arithmetic", lambda *_: Arithmetic(channels_last=False))
    config = DQNConfig(
        batch=ROWS,
        learning_rate=1e-3,
        max_grad_norm=0.1,
        double=False,
        target_every=3,
        network="nature" if task is PICTURES else "small",
    )
    ours, theirs = DQNLearner(task, config), _stock_dqn(task, config)
    copy(theirs.q_net, ours.networks.online)
    copy(theirs.q_net_target, ours.networks.target)
    before = [parameter.clone() for parameter in ours.networks.parameters()]
    for number, batch in enumerate(batches(task, steps), 1):
        ours.update(batch, np.random.default_rng(0), number)
        theirs.replay_buffer.batch = batch
        theirs.train(1, ROWS)
        if number % 3 == 0:  # which stable-baselines3 does while collecting
            theirs.q_net_target.load_state_dict(theirs.q_net.state_dict())
    pairs = [(theirs.q_net, ours.networks.online), (theirs.q_net_target, ours.networks.target)]
    for target, source in pairs:
        for one, other in zip(target.parameters(), source.parameters(), strict=True):
            assert torch.equal(one, other)
    assert not any(torch.equal(old, new) for old, new in zip(before, ours.networks.parameters(), strict=True))
