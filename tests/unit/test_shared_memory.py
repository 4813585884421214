"""Memory that workers and learner share, and memory that is used again."""

from __future__ import annotations

import os
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np
import pytest

from agents.api import WeightsSnapshot
from collectors.buffers import Buffers
from collectors.packed_weights import pack_weights, unpack_weights
from collectors.shared_file import SharedFile


def test_what_is_written_is_read_wherever_it_lies() -> None:
    file = SharedFile()
    numbers = np.arange(12, dtype=np.float32).reshape(3, 4)
    file.write(numbers, 1 << 40)
    file.write(np.ones(3, np.bool_), 5)
    back = np.zeros((3, 4), np.float32)
    file.read_into(back, 1 << 40)
    assert np.array_equal(back, numbers)
    assert os.fstat(file.descriptor).st_blocks * 512 < 1 << 20, "the gap takes memory"
    flags = np.zeros(4, np.bool_)
    file.read_into(flags, 4)
    assert flags.tolist() == [False, True, True, True]
    file.close()
    file.close()


def test_beyond_the_end_is_an_error_and_reserved_reads_as_zeros() -> None:
    file, target = SharedFile(), np.ones(8, np.uint8)
    with pytest.raises(EOFError, match="8 bytes at 0"):
        file.read_into(target, 0)
    file.reserve(8)
    file.reserve(4)
    file.read_into(target, 0)
    assert not target.any()


def test_arrays_in_pieces_are_refused() -> None:
    with pytest.raises(ValueError, match="in one piece"):
        SharedFile().write(np.zeros((4, 4))[:, :2], 0)


def test_a_new_process_shares_it() -> None:
    file, context = SharedFile(), get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_double, args=(there, file))
    file.write(np.array([21]), 0)
    process.start()
    assert here.recv() == "done"
    process.join()
    answer = np.zeros(1, np.int64)
    file.read_into(answer, 0)
    assert answer.tolist() == [42]


def _double(link: Connection, file: SharedFile) -> None:
    number = np.zeros(1, np.int64)
    file.read_into(number, 0)
    file.write(number * 2, 0)
    link.send("done")


def test_weights_come_back_as_they_were() -> None:
    tensors = {
        "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "flag": np.array([True]),
        "empty": np.zeros((0, 3), np.float64),
        "scalar": np.array(3, np.int64),
    }
    weights = unpack_weights(pack_weights(WeightsSnapshot(7, tensors, {"epsilon": 0.1, "deterministic": 1.0})))
    assert (weights.version, weights.knobs) == (7, {"epsilon": 0.1, "deterministic": 1.0})
    assert weights.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert weights.tensors[name].dtype == tensor.dtype
        assert np.array_equal(weights.tensors[name], tensor)


def test_pieces_are_used_again_as_long_as_they_fit() -> None:
    buffers = Buffers()
    first, second = buffers.take(100), buffers.take(1000)
    buffers.give_back([second, first])
    assert buffers.take(90) is first
    assert buffers.take(90) is second
    buffers.give_back([first, second])
    assert len(buffers.take(5000)) >= 5000
    assert buffers.take(100) is first
    assert buffers.take(100) is not second, "the largest was given up for a larger one"


def test_poisoned_memory_shows() -> None:
    buffers = Buffers()
    buffers.poisoned = True
    assert (buffers.take(10) == 0xA5).all()
