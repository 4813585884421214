"""Proximal policy optimisation on segments from any collector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np
import torch

from agents.api import ActorSpec, Demand, Metrics, Pulse, Segment, State, WeightsSnapshot, no_pulse
from agents.arithmetic import Arithmetic, choose_arithmetic
from agents.distributions import make_distribution
from agents.errors import TrainingDivergedError
from agents.networks import ActorCritic, PolicyNetwork
from agents.ppo.advantages import Discounting, Evaluated, Floats, advantages
from agents.ppo.config import PPOConfig
from agents.ppo.evaluate import evaluate_finals, evaluate_policy, evaluate_steps, ratio_statistics, staleness_weights
from agents.ppo.experience import Experience, gather_experience
from agents.ppo.rewards import ReturnStatistics
from agents.ppo.state import Learned, copied, pack_state, parameters_of, unpack_state
from agents.ppo.update import Learner, Strengths, Targets, Update, make_optimizer
from agents.shards import Shards
from agents.start import check_parameters, load_policy
from agents.start_settings import pull_at
from carracing.task import TaskSpec

EVALUATION_ROWS = 256
"""Steps evaluated at once before training: bounds memory to about 100 MB with the larger network."""


class PPOAgent:
    """PPO with generalised advantage estimation; steps of older weights are weighted as in V-trace.

    Values and log-probabilities are those of the current weights, computed when a round arrives.
    ``evaluation_rows`` sets how many at once, ``arithmetic`` replaces what the config chooses for this machine;
    with either, results differ by rounding only.
    """

    def __init__(
        self,
        task: TaskSpec,
        config: PPOConfig,
        seed: int,
        pulse: Pulse = no_pulse,
        *,
        evaluation_rows: int = EVALUATION_ROWS,
        arithmetic: Arithmetic | None = None,
    ) -> None:
        config.check_task(task)
        self._task, self._config, self._pulse = task, config, pulse
        self._evaluation_rows = evaluation_rows
        images = len(task.observation_shape) > 1
        self._arithmetic = arithmetic or choose_arithmetic(config.precision, config.device, images)
        weights_seed, order_seed = np.random.SeedSequence(seed).spawn(2)
        self._rng = np.random.RandomState(np.random.MT19937(order_seed))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(int(weights_seed.generate_state(1)[0]))
            network = ActorCritic(task, config.network, config.distribution)
            network.initialise(config.initial_log_std)
        network.compute_with(self._arithmetic)
        optimizer = make_optimizer(network, config.learning_rate)
        distribution = make_distribution(network.distribution, task.action)
        self._learner = Learner(network, distribution, optimizer, Shards(self._arithmetic.threads))
        self._learned = Learned(version=0, statistics=ReturnStatistics())

    @property
    def demand(self) -> Demand:
        """One rollout."""
        return Demand(self._config.rollout)

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""
        options = {
            "network": self._config.network,
            "distribution": self._learner.network.distribution,
            "bfloat16": self._arithmetic.bfloat16,
        }
        return ActorSpec("agents.ppo.actor:make_actor", self._task, options)

    def snapshot(self) -> WeightsSnapshot:
        """The policy's parameters, copied; the value's stay here."""
        return WeightsSnapshot(self._learned.version, self._policy_tensors())

    def begin(self) -> None:
        """Take over what ``init_from`` names; for a run that starts, not for one that goes on. Raises StartError."""
        config = self._config
        if not config.init_from:
            return
        policy = load_policy(config.init_from, self._task, self._learner.network.distribution)
        parameters = parameters_of(self._learner.network)
        needed = {name: tuple(parameters[name].shape) for name in self._policy_tensors()}
        check_parameters(config.init_from, needed, policy.tensors)
        valued = all(name in policy.tensors for name in parameters)
        if valued:
            needed = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
            check_parameters(config.init_from, needed, policy.tensors)
        for name in needed:
            with torch.no_grad():
                parameters[name].copy_(torch.tensor(policy.tensors[name]))
        statistics = self._learned.statistics
        if valued and policy.return_moments is not None:
            mean, variance, count = (float(moment) for moment in policy.return_moments)
            statistics = replace(statistics, mean=mean, variance=variance, count=count)
        self._learned = Learned(0, statistics, self._policy_tensors() if config.pull else None)

    def learn(self, segments: Sequence[Segment], progress: float) -> Metrics:
        """Learn from one round. Raises SegmentError, and TrainingDivergedError before or after poisoned steps."""
        experience = gather_experience(segments, self._task)
        statistics, rewards = self._normalise(segments, experience)
        strengths = self._strengths(min(max(progress, 0.0), 1.0))
        targets = self._targets(experience, rewards, strengths)
        lag = self._learned.version - experience.versions
        ratios = ratio_statistics(experience, targets.log_probs.numpy())
        metrics = self._train(experience, targets, strengths)
        start = self._learned.start if strengths.pull else None
        self._learned = Learned(self._learned.version + 1, statistics, start)
        lag_mean = float(np.average(lag, weights=experience.layout.lengths))
        return {**metrics, **ratios, "lag_mean": lag_mean, "lag_max": float(lag.max())}

    def state(self) -> State:
        """Network, optimizer, generator, reward statistics, starting policy and version, copied."""
        return pack_state(self._learner, self._rng, self._learned)

    def restore(self, state: State) -> None:
        """Go on exactly where ``state`` was taken. Raises StateError, then unchanged."""
        start = {name: value.shape for name, value in self._policy_tensors().items()} if self._config.pull else {}
        self._learned = unpack_state(state, self._learner, self._rng, start)

    def _policy_tensors(self) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
        return {
            name: copied(parameter)
            for name, parameter in parameters_of(self._learner.network).items()
            if not name.startswith(("value_net.", "mlp_extractor.value_net."))
        }

    def _normalise(self, segments: Sequence[Segment], experience: Experience) -> tuple[ReturnStatistics, Floats]:
        if not np.isfinite(experience.rewards).all():
            raise TrainingDivergedError("a reward is NaN or infinite: the environment is at fault")
        statistics = self._learned.statistics
        if not self._config.normalise_rewards:
            return statistics, experience.rewards
        statistics = statistics.updated(segments, experience.layout, self._config.gamma)
        return statistics, statistics.normalised(experience.rewards)

    def _strengths(self, progress: float) -> Strengths:
        config = self._config
        left = 1.0 - progress
        rate = config.learning_rate * (left if config.learning_rate_schedule == "linear" else 1.0)
        entropy = config.entropy * (left if config.entropy_schedule == "linear" else 1.0)
        pull = pull_at(config, progress)
        value_only = self._learned.version < config.value_warmup
        return Strengths(rate, entropy, pull if self._learned.start else 0.0, value_only)

    def _targets(self, experience: Experience, rewards: Floats, strengths: Strengths) -> Targets:
        network, rows = self._learner.network, self._evaluation_rows
        values, log_probs = evaluate_steps(self._learner, experience, rows, self._pulse)
        finals = evaluate_finals(network, experience, rows)
        weights = staleness_weights(experience, log_probs.numpy(), self._learned.version)
        discounting = Discounting(self._config.gamma, self._config.gae_lambda)
        evaluated = Evaluated(rewards, values.numpy(), finals, weights)
        found = torch.from_numpy(advantages(experience.layout, evaluated, discounting))
        for name, tensor in (("value", values), ("log-probability", log_probs), ("advantage", found)):
            if not bool(torch.isfinite(tensor).all()):
                self._check_parameters()
                raise TrainingDivergedError(f"a {name} is NaN or infinite before learning: {_ADVICE}")
        start = self._starting_policy(experience) if strengths.pull and not strengths.value_only else None
        return Targets(values, log_probs, found, found + values, start)

    def _starting_policy(self, experience: Experience) -> torch.Tensor:
        network = PolicyNetwork(self._task, self._config.network, self._config.distribution)
        network.load_state_dict({name: torch.tensor(value) for name, value in (self._learned.start or {}).items()})
        network.compute_with(self._arithmetic)
        return evaluate_policy(network, experience, self._evaluation_rows)

    def _train(self, experience: Experience, targets: Targets, strengths: Strengths) -> dict[str, float]:
        """One round of gradient steps; its figures, without those that are undefined."""
        metrics = Update(self._learner, self._config, strengths).run(experience, targets, self._rng, self._pulse)
        self._check_parameters()
        for name, value in metrics.items():
            if name.startswith("loss/") and not isfinite(value):
                raise TrainingDivergedError(f"{name} became {value}: {_ADVICE}")
        metrics["learning_rate"] = strengths.learning_rate
        metrics["explained_variance"] = _explained_variance(targets)
        if hasattr(self._learner.network, "log_std"):
            metrics["std"] = float(self._learner.network.log_std.detach().exp().mean())
        return {name: value for name, value in metrics.items() if isfinite(value)}

    def _check_parameters(self) -> None:
        if not all(bool(torch.isfinite(parameter).all()) for parameter in self._learner.network.parameters()):
            raise TrainingDivergedError(f"a parameter became NaN or infinite: {_ADVICE}")


def _explained_variance(targets: Targets) -> float:
    """1 - Var(returns - values) / Var(returns); NaN where returns are all the same."""
    variance = float(targets.returns.var(correction=0))
    return 1.0 - float((targets.returns - targets.values).var(correction=0)) / variance if variance else float("nan")


_ADVICE = "go back to the last checkpoint and try a lower learning_rate or max_grad_norm, or normalise_rewards on"
