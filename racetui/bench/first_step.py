"""A process from nothing to its first step: ``python -m racetui.bench.first_step``. Prints its memory as JSON."""

from __future__ import annotations

import json

import gymnasium
import psutil


def main() -> None:
    """Drive one frame as any user of Gymnasium would."""
    env = gymnasium.make("carracing:racetui/CarRacing-v3")
    env.reset(seed=1)
    env.step(env.action_space.sample())
    print(json.dumps({"rss_bytes": psutil.Process().memory_info().rss}))  # noqa: T201  (the answer)


if __name__ == "__main__":
    main()
