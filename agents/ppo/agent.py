"""Proximal policy optimisation: stable-baselines3's train() on segments from any collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import cast

import numpy as np
import torch

from agents.api import ActorSpec, Demand, Metrics, Pulse, Segment, State, WeightsSnapshot, no_pulse
from agents.errors import TrainingDivergedError
from agents.network_plans import choose_distribution
from agents.ppo.advantages import Discounting, Evaluated, advantages
from agents.ppo.buffer import ExperienceBuffer
from agents.ppo.config import PPOConfig
from agents.ppo.evaluate import evaluate_finals, evaluate_steps, staleness_weights
from agents.ppo.experience import Experience, gather_experience
from agents.ppo.maths import build_maths
from agents.ppo.rewards import ReturnStatistics
from agents.ppo.state import Learned, pack_state, parameters_of, unpack_state
from carracing.task import Box, TaskSpec

EVALUATION_ROWS = 256
"""Steps evaluated at once before training: bounds memory to about 100 MB with the larger network."""

_METRICS = {
    "loss/policy": "train/policy_gradient_loss",
    "loss/value": "train/value_loss",
    "loss/entropy": "train/entropy_loss",
    "approx_kl": "train/approx_kl",
    "clip_fraction": "train/clip_fraction",
    "explained_variance": "train/explained_variance",
    "learning_rate": "train/learning_rate",
    "std": "train/std",
}
"""Our name -> stable-baselines3's. loss/entropy is the negative mean entropy, as a loss to be minimised."""


class PPOAgent:
    """PPO with generalised advantage estimation; steps of older weights are weighted as in V-trace.

    Values and log-probabilities are those of the current weights, computed when a round arrives.
    ``evaluation_rows`` sets how many at once; results differ in the last bits only.
    """

    def __init__(
        self,
        task: TaskSpec,
        config: PPOConfig,
        seed: int,
        pulse: Pulse = no_pulse,
        *,
        evaluation_rows: int = EVALUATION_ROWS,
    ) -> None:
        config.check_task(task)
        self._task, self._config, self._pulse = task, config, pulse
        self._evaluation_rows = evaluation_rows
        weights_seed, order_seed = np.random.SeedSequence(seed).spawn(2)
        self._rng = np.random.RandomState(np.random.MT19937(order_seed))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(int(weights_seed.generate_state(1)[0]))
            self._model = build_maths(task, config, self._rng, pulse)
        self._learned = Learned(version=0, statistics=ReturnStatistics())

    @property
    def demand(self) -> Demand:
        """One rollout."""
        return Demand(self._config.rollout)

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""
        distribution = choose_distribution("gaussian" if isinstance(self._task.action, Box) else "auto", self._task)
        options = {"network": self._config.network, "distribution": distribution}
        return ActorSpec("agents.ppo.actor:make_actor", self._task, options)

    def snapshot(self) -> WeightsSnapshot:
        """The policy's parameters, copied; the value's stay here."""
        tensors = {
            name: parameter.detach().numpy().copy()
            for name, parameter in parameters_of(self._model).items()
            if not name.startswith(("value_net.", "mlp_extractor.value_net."))
        }
        return WeightsSnapshot(self._learned.version, tensors)

    def learn(self, segments: Sequence[Segment], progress: float) -> Metrics:
        """Learn from one round. Raises SegmentError, and TrainingDivergedError before or after poisoned steps."""
        experience = gather_experience(segments, self._task)
        statistics, rewards = self._normalise(segments, experience)
        with self._divergence_told():
            self._fill(experience, rewards)
        lag = self._learned.version - experience.versions
        self._model._current_progress_remaining = 1.0 - min(max(progress, 0.0), 1.0)
        metrics = self._train()
        self._learned = Learned(self._learned.version + 1, statistics)
        lag_mean = float(np.average(lag, weights=experience.layout.lengths))
        return {**metrics, "lag_mean": lag_mean, "lag_max": float(lag.max())}

    def state(self) -> State:
        """Networks, optimizer, generator, reward statistics and version, copied."""
        return pack_state(self._model, self._rng, self._learned)

    def restore(self, state: State) -> None:
        """Go on exactly where ``state`` was taken. Raises StateError, then unchanged."""
        self._learned = unpack_state(state, self._model, self._rng)

    def _normalise(
        self, segments: Sequence[Segment], experience: Experience
    ) -> tuple[ReturnStatistics, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
        if not np.isfinite(experience.rewards).all():
            raise TrainingDivergedError("a reward is NaN or infinite: the environment is at fault")
        statistics = self._learned.statistics
        if not self._config.normalise_rewards:
            return statistics, experience.rewards
        statistics = statistics.updated(segments, experience.layout, self._config.gamma)
        return statistics, statistics.normalised(experience.rewards)

    def _fill(self, experience: Experience, rewards: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
        policy, rows = self._model.policy, self._evaluation_rows
        values, log_probs = evaluate_steps(policy, experience, rows, self._pulse)
        finals = evaluate_finals(policy, experience, rows)
        weights = staleness_weights(experience, log_probs, self._learned.version)
        discounting = Discounting(self._config.gamma, self._config.gae_lambda)
        found = advantages(experience.layout, Evaluated(rewards, values, finals, weights), discounting)
        for name, array in (("value", values), ("log-probability", log_probs), ("advantage", found)):
            if not np.isfinite(array).all():
                raise TrainingDivergedError(f"a {name} is NaN or infinite before learning: {_ADVICE}")
        cast("ExperienceBuffer", self._model.rollout_buffer).fill(experience, values, log_probs, found)

    def _train(self) -> dict[str, float]:
        """One stable-baselines3 train(); its figures under our names, without those that are undefined."""
        with self._divergence_told(), np.errstate(over="ignore", invalid="ignore"):
            self._model.train()
        self._model.rollout_buffer.reset()
        recorded: Mapping[str, float] = self._model.logger.name_to_value
        metrics = {ours: float(recorded[theirs]) for ours, theirs in _METRICS.items() if theirs in recorded}
        if not self._finite_parameters():
            raise TrainingDivergedError(f"a parameter became NaN or infinite: {_ADVICE}")
        for name in ("loss/policy", "loss/value", "loss/entropy"):
            if not isfinite(metrics[name]):
                raise TrainingDivergedError(f"{name} became {metrics[name]}: {_ADVICE}")
        return {name: value for name, value in metrics.items() if isfinite(value)}

    @contextmanager
    def _divergence_told(self) -> Iterator[None]:
        """torch's distributions refuse NaN with a ValueError of their own: say what it means."""
        try:
            yield
        except ValueError as error:
            if self._finite_parameters():
                raise
            raise TrainingDivergedError(f"a parameter became NaN or infinite: {_ADVICE}") from error

    def _finite_parameters(self) -> bool:
        return all(bool(torch.isfinite(parameter).all()) for parameter in self._model.policy.parameters())


_ADVICE = "go back to the last checkpoint and try a lower learning_rate or max_grad_norm, or normalise_rewards on"
