"""Choosing among runs by a line of text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from racetui.runs.filtering import FilterError, parse_filter
from tests.program import racetui
from tests.runs import new_run
from tests.tui.scenes import FAILED, FINISHED, PAUSED, RUN

RUNS = (replace(PAUSED, tags=("good", "slow")), FAILED, replace(RUN, note="Try again"), FINISHED)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", "5 4 3 1"),
        ("agent:ppo return>800", "3 1"),
        ("state:running", "3"),
        ("STATE", ""),
        ("tag:good", "5"),
        ("-tag:good -state:failed", "3 1"),
        ("tag:goo", ""),
        ("name:BASE", "1"),
        ("note:again", "3"),
        ("again", "3"),
        ("slow", "5"),
        ("frames>=3.21M", "5 4 3 1"),
        ("frames<3210k", ""),
        ("speed>1k", "3"),
        ("done<50 done>20", "3"),
        ("id:4", "4"),
    ],
)
def test_what_is_chosen(text: str, ids: str) -> None:
    assert " ".join(run.id for run in parse_filter(text).chosen(RUNS)) == ids


@pytest.mark.parametrize("text", ["colour:red", "return>much", "weight>3", "state:", "-colour:red"])
def test_what_is_not_understood_is_named(text: str) -> None:
    with pytest.raises(FilterError, match=text.lstrip("-").split(">")[0].rstrip(":")):
        parse_filter(text)


def test_the_command(store_home: object) -> None:
    new_run("first")
    new_run("second")
    assert [run["name"] for run in racetui("runs", "--filter", "second", "--json").json] == ["second"]
    assert racetui("runs", "--filter", "colour:red").code == 2
    assert racetui("runs", "--filter", "third").out == ""
