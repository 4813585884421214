"""What any collector does with its state, whatever it drives."""

from __future__ import annotations

from agents.api import Segment
from tests.contract.collecting import Stage, same_segments, same_states, through_json


def advance(made: Stage, rounds: int = 3) -> list[Segment]:
    """Some rounds with constant weights; their segments."""
    before = len(made.agent.segments)
    made.rounds(rounds)
    return made.agent.segments[before:]


def check_the_other_goes_on(made: Stage, other: Stage) -> None:
    """Bit for bit, from the state of the one."""
    state = through_json(made.collector.state())
    other.collector.restore(state)
    assert same_states(other.collector.state(), state)
    other.agent.restore(made.agent.state())
    assert same_segments(advance(other), advance(made))
    assert same_states(other.collector.state(), made.collector.state())
    assert made.records[-1:] == other.records[-1:]


def check_another_kind_goes_on(made: Stage, other: Stage) -> None:
    """The same experience, though its own state may look otherwise."""
    other.collector.restore(through_json(made.collector.state()))
    other.agent.restore(made.agent.state())
    assert same_segments(advance(other), advance(made))


def check_it_goes_back(made: Stage) -> None:
    """To where it was."""
    state, agent = made.collector.state(), made.agent.state()
    expected = advance(made)
    made.collector.restore(state)
    made.agent.restore(agent)
    assert same_segments(advance(made), expected)
