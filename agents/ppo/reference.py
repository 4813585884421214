"""stable-baselines3's PPO with our networks, without an environment: what ours is held against."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from agents.exchange.spaces import spaces_of
from agents.network_plans import NETWORKS, VECTOR_NETWORKS, ConvPlan, policy_input_shape
from agents.networks import convolution_layers, dense_layer
from agents.ppo.config import PPOConfig
from carracing.task import TaskSpec


class SharedImageEncoder(BaseFeaturesExtractor):
    """The encoder of ``agents.networks`` as stable-baselines3 wants it; policy and value share it."""

    def __init__(self, observation_space: spaces.Box, plan: ConvPlan) -> None:
        super().__init__(observation_space, plan.dense)
        channels, height, width = observation_space.shape
        self.cnn = convolution_layers(plan, channels)
        self.linear = dense_layer(plan, height, width)

    def forward(self, images: Any) -> Any:
        """(rows, channels, height, width) float32 in 0 to 1 -> (rows, plan.dense)."""
        return self.linear(self.cnn(images))


def build_reference(task: TaskSpec, config: PPOConfig) -> PPO:
    """PPO with fresh weights, its own rollout buffer of ``config.rollout`` steps, and a logger that writes nowhere.

    Its parameters have the names of ours. Continuous actions are gaussian: it has no other distribution for PPO.
    """
    model = PPO(
        "MlpPolicy",
        None,  # type: ignore[arg-type]  # documented as allowed for loading; spaces are set below
        **stock_settings(config),
        policy_kwargs=policy_arguments(task, config),
        device="cpu",
        _init_setup_model=False,
    )
    model.observation_space, model.action_space = spaces_of(task)
    model.n_envs = 1
    model._setup_model()
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model


def stock_settings(config: PPOConfig) -> dict[str, Any]:
    """What both learn by, as stable-baselines3 names it."""
    return {
        "learning_rate": config.learning_rate,
        "n_steps": config.rollout,
        "batch_size": config.minibatch,
        "n_epochs": config.epochs,
        "gamma": config.gamma,
        "gae_lambda": config.gae_lambda,
        "clip_range": config.clip_range,
        "ent_coef": config.entropy,
        "vf_coef": config.value_coefficient,
        "max_grad_norm": config.max_grad_norm,
    }


def policy_arguments(task: TaskSpec, config: PPOConfig) -> dict[str, Any]:
    """``policy_kwargs`` that make stable-baselines3's policy of the same network."""
    arguments: dict[str, Any] = {"log_std_init": config.initial_log_std}
    if len(policy_input_shape(task)) == 3:
        arguments["net_arch"] = []
        arguments["features_extractor_class"] = SharedImageEncoder
        arguments["features_extractor_kwargs"] = {"plan": NETWORKS[config.network]}
    else:
        layers = list(VECTOR_NETWORKS[config.network])
        arguments["net_arch"] = {"pi": layers, "vf": layers}
    return arguments
