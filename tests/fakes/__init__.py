"""A simulator, an actor and an agent made to be seen through; importable in workers, numpy only."""

from tests.fakes.actor import ScriptedActor, make_scripted_actor
from tests.fakes.agent import RecordingAgent, RecordingConfig
from tests.fakes.world import CountingRules, CountingWorld

__all__ = [
    "CountingRules",
    "CountingWorld",
    "RecordingAgent",
    "RecordingConfig",
    "ScriptedActor",
    "make_scripted_actor",
]
