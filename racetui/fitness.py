"""Whether a run's agent can learn its task on this machine, told before anything is started."""

from __future__ import annotations

from agents.bc.config import DAggerConfig
from agents.offpolicy.config import OffPolicyConfig
from carracing.task import task_spec
from racetui.config import ConfigError
from racetui.spec import RunSpec


def check_agent(spec: RunSpec, memory_free: int) -> None:
    """Raise ConfigError if the agent, as configured, cannot learn the task, or not with so many bytes."""
    try:
        spec.agent_config.check_task(task_spec(spec.task))
        if isinstance(spec.agent_config, OffPolicyConfig | DAggerConfig):
            spec.agent_config.check_memory(task_spec(spec.task), memory_free)
    except ValueError as error:
        raise ConfigError(str(error)) from None
