"""Names of our environments for Gymnasium, and nothing imported for them."""

from __future__ import annotations

import sys

from carracing.task import EPISODE_FRAMES

NAME = "racetui/CarRacing-v3"


def register() -> None:
    """Tell Gymnasium of ``racetui/CarRacing-v3``, unless it knows. Gymnasium itself is imported for that."""
    import gymnasium

    if NAME not in gymnasium.registry:
        gymnasium.register(
            id=NAME,
            entry_point="carracing.simulator.env:FastCarRacing",
            vector_entry_point="carracing.simulator.vector_env:FastCarRacingVector",
            max_episode_steps=EPISODE_FRAMES,
            reward_threshold=900,
        )


def register_if_loaded() -> None:
    """Do so where Gymnasium is loaded: ``gymnasium.make("carracing:racetui/CarRacing-v3")`` imports us for this."""
    if hasattr(sys.modules.get("gymnasium"), "register"):
        register()
