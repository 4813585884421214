"""What Gymnasium calls when it loads its plugins: names for our environments, and nothing imported for them."""

from __future__ import annotations

from carracing.task import EPISODE_FRAMES


def register() -> None:
    """Register ``racetui/CarRacing-v3``; Gymnasium's plugin loader supplies the namespace."""
    import gymnasium

    gymnasium.register(
        id="CarRacing-v3",
        entry_point="carracing.simulator.env:FastCarRacing",
        vector_entry_point="carracing.simulator.vector_env:FastCarRacingVector",
        max_episode_steps=EPISODE_FRAMES,
        reward_threshold=900,
    )
