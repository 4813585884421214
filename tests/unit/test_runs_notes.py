"""Notes and tags: what people say of a run, beside a trainer that writes all the time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from racetui.runs.errors import InvalidNote
from racetui.runs.model import RunState
from racetui.runs.notes import change_tags, set_note, set_tags
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from tests.program import racetui
from tests.runs import make_first_version, new_run


def said(store: RunStore) -> tuple[str, tuple[str, ...]]:
    (run,) = store.list()
    return run.note, run.tags


def test_a_note_is_one_line_and_tags_are_a_set() -> None:
    paths, store = new_run(), RunStore()
    assert said(store) == ("", ())
    assert set_note(paths, " two\nlines \x1b[31mof it ") == "two lines of it"
    assert change_tags(paths, ["good", "b"], ["never-had"]) == ("b", "good")
    assert change_tags(paths, ["good", "a"], ["b"]) == ("a", "good")
    assert said(store) == ("two lines of it", ("a", "good"))
    set_note(paths, "")
    set_tags(paths, [])
    assert said(store) == ("", ())


@pytest.mark.parametrize("tag", ["", "-x", "two words", "a" * 33, "é"])
def test_what_is_no_tag_is_refused_and_nothing_changes(tag: str) -> None:
    paths = new_run()
    with pytest.raises(InvalidNote, match="is no tag"):
        change_tags(paths, ["fine", tag])
    assert said(RunStore()) == ("", ())


def test_too_much_is_refused() -> None:
    paths = new_run()
    with pytest.raises(InvalidNote, match="at most 16 tags, not 17"):
        set_tags(paths, [f"t{number}" for number in range(17)])
    with pytest.raises(InvalidNote, match="at most 500 characters, not 501"):
        set_note(paths, "x" * 501)


def test_a_cached_list_hears_of_a_note_on_an_ended_run() -> None:
    paths, store = new_run(), RunStore()
    with RunWriter(paths) as writer:
        writer.set_state(RunState.FINISHED)
    assert said(store) == ("", ())
    set_note(paths, "afterwards")
    assert said(store)[0] == "afterwards"


def test_people_and_a_trainer_write_at_once_and_nothing_is_lost() -> None:
    paths = new_run()

    def tag(first: int) -> None:
        for number in range(first, first + 5):
            change_tags(paths, [f"t{number}"])

    people = [threading.Thread(target=tag, args=(first,)) for first in (0, 5, 10)]
    with RunWriter(paths) as writer:
        for person in people:
            person.start()
        for number in range(1, 60):
            writer.metrics(number, {"loss": 1.0})
        for person in people:
            person.join()
    assert set(said(RunStore())[1]) == {f"t{number}" for number in range(15)}


def test_an_old_run_can_be_tagged(store_home: Path) -> None:
    paths = new_run()
    make_first_version(paths)
    assert change_tags(paths, ["old"]) == ("old",)
    assert said(RunStore())[1] == ("old",)


def test_the_commands(store_home: Path) -> None:
    paths: RunPaths = new_run("first")
    assert racetui("tag", "first", "+good", "-unsure", "+x").out == "good x\n"
    assert racetui("tag", "1", "-x", "--json").json["tags"] == ["good"]
    assert racetui("note", "1", "try", "again").out == "try again\n"
    assert racetui("note", "1").out == "try again\n"
    assert racetui("show", "1").out.count("try again") == 1
    (run,) = racetui("runs", "--json").json
    assert (run["note"], run["tags"]) == ("try again", ["good"])
    assert racetui("runs").out.splitlines()[1].endswith("good")
    assert racetui("note", "1", "").out == ""
    wrong = racetui("tag", "1", "good")
    assert (wrong.code, wrong.out) == (2, "")
    assert "write +good to add it" in wrong.err
    assert racetui("tag", "1", "+a/b").code == 2
    assert paths.id == "1"
