"""A simulator, an actor and an agent made to be seen through; importable in workers, numpy only."""

from tests.fakes.actor import ScriptedActor, make_scripted_actor
from tests.fakes.agent import RecordingAgent, RecordingConfig
from tests.fakes.world import CountingRules, CountingWorld, make_counting_world

__all__ = [
    "CountingRules",
    "CountingWorld",
    "RecordingAgent",
    "RecordingConfig",
    "ScriptedActor",
    "make_counting_world",
    "make_scripted_actor",
]
