from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from agents import arithmetic
from agents.arithmetic import PLAIN, Arithmetic, choose_arithmetic
from agents.networks import ActorCritic
from agents.random import EpisodeRandom
from agents.registry import AGENTS, agent_entry, config_class, make_agent
from carracing.task import TaskConfig, task_spec

GREY = task_spec(TaskConfig(stack=3))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (5, 3, 84, 84), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def network() -> ActorCritic:
    network = ActorCritic(GREY, "small", "beta")
    network.initialise()
    return network


@pytest.mark.parametrize("able", [True, False])
def test_auto_is_bfloat16_where_the_processor_has_it_and_there_are_images(
    able: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic, "_computes_bfloat16", lambda device: able)
    assert choose_arithmetic("auto", "cpu", images=True).bfloat16 is able
    assert not choose_arithmetic("auto", "cpu", images=False).bfloat16
    assert not choose_arithmetic("float32", "cpu", images=True).bfloat16
    assert choose_arithmetic("bfloat16", "cpu", images=True).bfloat16


def test_a_gpu_is_taken_where_there_is_one_and_missed_by_name_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_arithmetic("float32", "auto", images=True).device == "cpu"
    with pytest.raises(ValueError, match="device cuda: PyTorch finds no usable CUDA GPU here; use cpu or auto"):
        choose_arithmetic("float32", "cuda", images=True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_arithmetic("float32", "auto", images=True) == Arithmetic(device="cuda", threads=1)
    assert choose_arithmetic("float32", "cpu", images=True).device == "cpu"


@pytest.mark.parametrize("able", [True, False])
def test_on_a_gpu_images_are_encoded_under_autocast_where_it_has_bfloat16(
    able: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: able)
    chosen = choose_arithmetic("auto", "auto", images=True)
    assert chosen == Arithmetic(bfloat16=able, device="cuda", threads=1)
    assert choose_arithmetic("bfloat16", "cuda", images=True).bfloat16
    assert not choose_arithmetic("float32", "cuda", images=True).bfloat16
    opened: list[tuple[str, torch.dtype, bool]] = []

    def autocast(device: str, kind: torch.dtype, enabled: bool) -> AbstractContextManager[None]:
        opened.append((device, kind, enabled))
        return nullcontext()

    monkeypatch.setattr(torch, "autocast", autocast)
    with chosen.encoding():
        pass
    assert opened == [("cuda", torch.bfloat16, able)]


@pytest.mark.parametrize("name", AGENTS)
def test_every_agent_computes_where_it_is_told_or_says_that_it_cannot(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    entry = agent_entry(name)
    task = TaskConfig(observation="vector", action=entry.action, labels=bool(entry.usual.get("task.labels")))
    with pytest.raises(ValueError, match="device cuda: PyTorch finds no usable CUDA GPU here"):
        make_agent(name, task_spec(task), config_class(name)(device="cuda"), seed=1)


def test_the_learner_takes_the_threads_that_pytorch_was_given() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert choose_arithmetic("auto", "cpu", images=False).threads == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("kind", [PLAIN, Arithmetic(), Arithmetic(bfloat16=True)])
def test_images_go_in_from_0_to_1(kind: Arithmetic, images: torch.Tensor) -> None:
    found = kind.inputs(images)
    assert found.dtype == (torch.bfloat16 if kind.bfloat16 else torch.float32)
    assert found.is_contiguous(memory_format=torch.channels_last) is kind.channels_last
    torch.testing.assert_close(found.float(), images / 255.0, rtol=0, atol=0.003 if kind.bfloat16 else 1e-7)


def test_all_arithmetics_give_the_same_up_to_rounding(network: ActorCritic, images: torch.Tensor) -> None:
    found = {}
    for name, kind in {"plain": PLAIN, "float32": Arithmetic(), "bfloat16": Arithmetic(bfloat16=True)}.items():
        network.compute_with(kind)
        parameters, values = network.evaluate(images)
        assert parameters.dtype == values.dtype == torch.float32
        found[name] = torch.cat([parameters, values[:, None]], dim=1)
    torch.testing.assert_close(found["float32"], found["plain"], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found["bfloat16"], found["plain"], rtol=0.03, atol=0.03)
    assert not torch.equal(found["bfloat16"], found["plain"]), "bfloat16 was not used"


def test_gradients_and_parameters_stay_float32(network: ActorCritic, images: torch.Tensor) -> None:
    network.compute_with(Arithmetic(bfloat16=True))
    parameters, values = network.evaluate(images)
    (parameters.sum() + values.sum()).backward()  # type: ignore[no-untyped-call]
    for name, parameter in network.named_parameters():
        assert parameter.dtype == torch.float32, name
        assert parameter.grad is not None and parameter.grad.dtype == torch.float32, name


def test_weights_rounded_beforehand_encode_to_the_same_bits(network: ActorCritic, images: torch.Tensor) -> None:
    def encoded(chosen: Arithmetic) -> torch.Tensor:
        network.compute_with(chosen)
        with torch.inference_mode():
            return network.encode(images)

    expected, rounded = encoded(Arithmetic(bfloat16=True)), encoded(Arithmetic(bfloat16=True, acting=True))
    assert {value.dtype for value in network.features_extractor.parameters()} == {torch.bfloat16}
    assert torch.equal(rounded, expected)
    assert {value.dtype for value in network.action_net.parameters()} == {torch.float32}


def test_an_actor_that_explored_scores_in_float32() -> None:
    agent = make_agent("ppo", GREY, config_class("ppo")(precision="bfloat16"), 1)
    rows = torch.randint(0, 256, (4, 3, 84, 84), dtype=torch.uint8).numpy()
    streams = EpisodeRandom(np.arange(4, dtype=np.uint64), np.zeros(4, np.int64))
    scoring = replace(agent.snapshot(), knobs={"deterministic": 1.0})
    fresh, used = agent.actor_spec().build(), agent.actor_spec().build()
    used.load(agent.snapshot())
    used.act(rows, streams)
    for actor in (fresh, used):
        actor.load(scoring)
    assert (used.act(rows, streams).actions == fresh.act(rows, streams).actions).all()
