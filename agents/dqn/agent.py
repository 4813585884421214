"""DQN on segments from any collector."""

from __future__ import annotations

import numpy as np
import torch

from agents.api import Pulse, no_pulse
from agents.dqn.config import DQNConfig
from agents.dqn.learner import DQNLearner
from agents.offpolicy.agent import OffPolicyAgent
from carracing.task import TaskSpec


class DQNAgent(OffPolicyAgent):
    """Deep Q-network with a replay, a target network and random actions that grow fewer."""

    NAME = "dqn"

    def __init__(self, task: TaskSpec, config: DQNConfig, seed: int, pulse: Pulse = no_pulse) -> None:
        config.check_task(task)
        weights, sampling = np.random.SeedSequence(seed).spawn(2)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(int(weights.generate_state(1)[0]))
            learner = DQNLearner(task, config)
        super().__init__(task, config, learner, np.random.Generator(np.random.PCG64(sampling)), pulse)
