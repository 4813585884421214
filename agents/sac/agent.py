"""SAC on segments from any collector."""

from __future__ import annotations

import numpy as np
import torch

from agents.api import Pulse, no_pulse
from agents.offpolicy.agent import OffPolicyAgent
from agents.sac.config import SACConfig
from agents.sac.learner import SACLearner
from carracing.task import TaskSpec


class SACAgent(OffPolicyAgent):
    """Soft actor-critic with a replay."""

    NAME = "sac"

    def __init__(self, task: TaskSpec, config: SACConfig, seed: int, pulse: Pulse = no_pulse) -> None:
        config.check_task(task)
        weights, sampling = np.random.SeedSequence(seed).spawn(2)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(int(weights.generate_state(1)[0]))
            learner = SACLearner(task, config)
        super().__init__(task, config, learner, np.random.Generator(np.random.PCG64(sampling)), pulse)
