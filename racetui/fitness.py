"""Whether a run's agent can learn its task on this machine, told before anything is started."""

from __future__ import annotations

from carracing.task import task_spec
from racetui.config import ConfigError
from racetui.fitting import alternatives
from racetui.memory import memory_parts, total
from racetui.spec import RunSpec

CERTAIN = 0.8
"""Share of what is expected that a run takes for certain: expectations are off by a fifth at most."""


def check_agent(spec: RunSpec, memory_free: int) -> None:
    """Raise ConfigError if the agent, as configured, cannot learn the task, or not with so many bytes."""
    try:
        spec.agent_config.check_task(task_spec(spec.task))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    check_memory(spec, memory_free)


def check_memory(spec: RunSpec, memory_free: int) -> None:
    """Raise ConfigError, with what would fit, if the run takes more than so many bytes, or than its own limit."""
    own = round(spec.memory.limit * 1e9) if spec.memory.limit else memory_free
    room, needed = min(memory_free, own), total(memory_parts(spec))
    if CERTAIN * needed <= room:
        return
    size = f"{room / 1e9:.1f} GB"
    there = f"its limit (memory.limit) is {size}" if own < memory_free else f"{size} are free"
    advice = ", or ".join(alternatives(spec, room))
    raise ConfigError(
        f"the run needs about {needed / 1e9:.1f} GB of memory at its peak, and {there}"
        + (f": {advice} would fit" if advice else ", where no smaller one of its kind fits: try another machine")
    )
