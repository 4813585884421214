"""A replay as a state: what was, while it goes on; and nothing that does not fit is taken back."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.api import Chunk, End, StateError
from agents.replay import frames as module
from agents.replay.replay import Replay
from agents.replay.state import pack_replay, unpack_replay
from carracing.task import Array, Box, Discrete, TaskSpec
from tests.fakes.episodes import interleaved, make_course

GREY = TaskSpec((3, 4), "uint8", 4, Box((-1.0,), (1.0,)), 4)
CHOICE = TaskSpec((4,), "float32", 1, Discrete(5), 4)
Content = dict[str, tuple[str, bytes]]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 7 * 12)


def filled(task: TaskSpec, rounds: int, capacity: int = 60, **options: Any) -> Replay:
    replay = Replay(task, capacity, **options)
    extend(replay, rounds, seed=1)
    return replay


def extend(replay: Replay, rounds: int, seed: int) -> None:
    for sent in interleaved(replay.task, np.random.default_rng(seed), lanes=3, rounds=rounds):
        replay.add([segment for _, segment in sent])


def content(chunks: dict[str, Chunk]) -> Content:
    found = {name: chunk.read() for name, chunk in chunks.items()}
    for name, array in found.items():
        assert (array.shape, array.dtype.name) == (chunks[name].shape, chunks[name].dtype), name
    return {name: (array.dtype.name, array.tobytes()) for name, array in found.items()}


@pytest.mark.parametrize("task", [GREY, CHOICE], ids=str)
@pytest.mark.parametrize("rounds", [0, 2, 30], ids=["empty", "partly filled", "overwritten"])
def test_another_replay_goes_on_exactly(task: TaskSpec, rounds: int) -> None:
    replay, other = filled(task, rounds), Replay(task, 60)
    unpack_replay(pack_replay(replay), other)
    assert content(pack_replay(other)) == content(pack_replay(replay))
    for each in (replay, other):
        extend(each, 3, seed=2)
    one, two = (each.sample(50, np.random.default_rng(3), 0.9, 3) for each in (replay, other))
    for name in ("observations", "actions", "rewards", "next_observations", "discounts"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert content(pack_replay(other)) == content(pack_replay(replay))


@pytest.mark.parametrize("place", ["memory", "file"])
def test_a_state_stays_what_it_was_however_the_replay_goes_on(place: str, tmp_path: Any) -> None:
    replay = filled(GREY, 12, directory=str(tmp_path) if place == "file" else "")
    states, contents = [], []
    for number in range(4):
        states.append(pack_replay(replay))
        contents.append(content(pack_replay(replay)))
        extend(replay, number + 1, seed=number)
        assert [content(state) for state in states] == contents
    assert len({str(kept) for kept in contents}) == 4, "the replay did go on"


def test_only_what_is_overwritten_while_it_is_wanted_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 2**20)
    task = TaskSpec((2**16,), "uint8", 1, Box((-1.0,), (1.0,)), 4)
    replay, course = Replay(task, 200), make_course(task, 1, 50, End.CUT)
    for _ in range(5):
        replay.add([course.segment(0, 50, 1)])
    tracemalloc.start()
    state = pack_replay(replay)
    assert tracemalloc.get_traced_memory()[0] < 2**19
    replay.add([course.segment(0, 3, 1)])
    assert 2**20 <= tracemalloc.get_traced_memory()[0] < 3 * 2**20, "one or two chunks of 13"
    del state
    replay.add([course.segment(0, 50, 1)])
    assert tracemalloc.get_traced_memory()[0] < 2**19, "nobody wants them any more"
    tracemalloc.stop()


def test_the_chunk_overwritten_next_comes_first() -> None:
    replay = filled(GREY, 30)
    frames = [name for name in pack_replay(replay) if name.startswith("frames-")]
    due = replay.written % replay.size // replay.frames.rows_per_chunk
    assert frames[0] == f"frames-{due:05}"
    assert sorted(frames) == [f"frames-{number:05}" for number in range(9)]


def test_reading_in_another_thread_while_the_replay_goes_on() -> None:
    replay, rng = filled(GREY, 12), np.random.default_rng(5)
    failures: list[int] = []

    def read(chunks: dict[str, Chunk], expected: Content, number: int) -> None:
        if content(chunks) != expected:
            failures.append(number)

    for number in range(30):
        thread = threading.Thread(target=read, args=(pack_replay(replay), content(pack_replay(replay)), number))
        thread.start()
        for _ in range(20):
            course = make_course(GREY, int(rng.integers(200)), 3, End.TERMINATED)
            replay.add([course.segment(0, 3, 4)])
        thread.join()
    assert not failures


def _changed(name: str, edit: Callable[[Array], Array]) -> Callable[[dict[str, Chunk]], dict[str, Chunk]]:
    def change(chunks: dict[str, Chunk]) -> dict[str, Chunk]:
        array = edit(chunks[name].read().copy())
        return {**chunks, name: Chunk(array.shape, array.dtype.name, lambda: array)}

    return change


def _without(chunks: dict[str, Chunk], name: str) -> dict[str, Chunk]:
    return {key: chunk for key, chunk in chunks.items() if key != name}


def _with_nan(array: Array) -> Array:
    array[3] = np.nan
    return array


WRONG: dict[str, tuple[Callable[[dict[str, Chunk]], dict[str, Chunk]], str]] = {
    "a part missing": (lambda chunks: _without(chunks, "frames-00002"), "misses chunk 'frames-00002'"),
    "no counts": (lambda chunks: _without(chunks, "counts"), "misses chunk 'counts'"),
    "a stranger": (lambda chunks: {**chunks, "more": chunks["counts"]}, "foreign chunk 'more'"),
    "another observation": (
        lambda chunks: {**chunks, "frames-00001": replace(chunks["frames-00001"], shape=(7, 4, 3))},
        r"\(7, 4, 3\)",
    ),
    "another dtype": (_changed("cells-rewards", lambda array: array.astype(np.float64)), "float64"),
    "more cells than said": (_changed("counts", lambda array: array * 100), "chunk"),
    "negative counts": (_changed("counts", lambda array: -array), "chunk 'counts'"),
    "other steps": (_changed("counts", lambda array: array - [0, 1]), "chunk 'counts' says"),
    "links to nowhere": (_changed("cells-previous", lambda array: array + 10_000), "cells-previous"),
    "links below": (_changed("cells-previous", lambda array: array - 10_000), "cells-previous"),
    "successors before": (_changed("cells-following", lambda array: np.maximum(array - 10, -1)), "cells-following"),
    "rewards of NaN": (_changed("cells-rewards", _with_nan), "cells-rewards"),
    "actions of NaN": (_changed("cells-actions", _with_nan), "cells-actions"),
    "tails in the future": (_changed("tails", lambda array: array + 10_000), "tails"),
    "tails of floats": (_changed("tails", lambda array: array.astype(np.float32)), "tails"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_replay_that_does_not_fit_is_refused(wrong: str) -> None:
    edit, words = WRONG[wrong]
    with pytest.raises(StateError, match=words):
        unpack_replay(edit(pack_replay(filled(GREY, 30))), Replay(GREY, 60))


def test_actions_that_do_not_exist_and_other_tasks_are_refused() -> None:
    chunks = pack_replay(filled(CHOICE, 30))
    for shift in (-5, 5):
        with pytest.raises(StateError, match="actions that do not exist"):
            unpack_replay(_changed("cells-actions", lambda array: array + shift)(chunks), Replay(CHOICE, 60))  # noqa: B023
    for other in (replace(CHOICE, observation_shape=(5,)), replace(CHOICE, action=Box((-1.0,), (1.0,))), GREY):
        with pytest.raises(StateError, match="chunk"):
            unpack_replay(chunks, Replay(other, 60))
    with pytest.raises(StateError, match="chunk"):
        unpack_replay(chunks, Replay(CHOICE, 40))
