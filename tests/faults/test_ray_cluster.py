"""Ray that is missing, out of reach or too small, and actors and machines that are lost in mid-run."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
from ray.cluster_utils import Cluster

from carracing.each_world import each
from collectors import ray_session
from collectors.api import CollectorConfig, CollectorError, WorkerError
from collectors.blocks import BlockTask
from collectors.episode_collector import driving_plan
from collectors.episode_pool import Failed, Ready
from collectors.ray_pool import RayPool
from collectors.ray_session import RaySession
from collectors.registry import CollectorPlan, make_collector
from racetui.launching import StartRequest, start_run
from racetui.runs.store import RunStore
from tests.contract.collecting import LAG, Setting, Stage, same_segments, share_ray
from tests.fakes import CountingRules
from tests.fakes.faulty import DawdlingWorld, FaultyWorld

SETTING = Setting(rules=CountingRules(shortest=6), lag=LAG)
CONFIG = CollectorConfig(lanes=4, workers=2, worker_timeout=20.0)
VICTIM = SETTING.seeds.track(9)


@pytest.fixture
def shared() -> Iterator[None]:
    share_ray()
    yield
    assert ray.is_initialized(), "a collector ended a Ray that was not its own"


@pytest.fixture(scope="module", autouse=True)
def _ends() -> Iterator[None]:
    yield
    ray.shutdown()


def _stage(name: str, plan: CollectorPlan) -> Stage:
    return Stage(make_collector(name, plan), SETTING)


def _undisturbed(rounds: int, config: CollectorConfig = CONFIG) -> Stage:
    with _stage("executor", SETTING.plan(config)) as made:
        made.rounds(rounds)
    return made


def test_ray_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_session, "find_spec", lambda name: None)
    with pytest.raises(
        CollectorError, match=r"not installed: pip install 'racetui\[ray\]', or use collector executor"
    ):
        make_collector("ray", SETTING.plan(CONFIG))


@pytest.mark.parametrize("address", ["nowhere", "host:", ":6379", "host:99999", "ray://host:10001", "http://h:1"])
def test_addresses_that_are_none_are_refused(address: str) -> None:
    with pytest.raises(CollectorError, match="ray_address must be HOST:PORT"):
        make_collector("ray", SETTING.plan(replace(CONFIG, ray_address=address)))


def test_what_is_no_cluster_is_refused_before_a_run_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    refused = r"no Ray cluster can be joined {}.*'ray start --head'"
    with pytest.raises(CollectorError, match=refused.format("on this machine: (?!nothing that is Ray)")):
        start_run(StartRequest(collector="ray", overrides=("collector.ray_address=auto",)))
    monkeypatch.setattr(ray_session, "_JOIN_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        request = StartRequest(collector="ray", overrides=(f"collector.ray_address={address}",))
        with pytest.raises(CollectorError, match=refused.format(f"at {address}: nothing that is Ray answered")):
            start_run(request)
    assert RunStore().list() == []


def test_a_cluster_that_does_not_answer_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(CollectorError, match=rf"no Ray cluster answers at 127.0.0.1:{port} .*ray start --head"):
        make_collector("ray", SETTING.plan(replace(CONFIG, ray_address=f"127.0.0.1:{port}")))
    assert time.monotonic() - begun < 10


def test_a_session_of_its_own_leaves_nothing_and_no_signal_handler_behind() -> None:
    ray.shutdown()

    def mine(*_: object) -> None:
        """What a run does at SIGTERM."""

    previous = signal.signal(signal.SIGTERM, mine)
    expected = _undisturbed(rounds=2)
    children = set(psutil.Process().children(recursive=True))
    try:
        with _stage("ray", SETTING.plan(CONFIG)) as made:
            assert signal.getsignal(signal.SIGTERM) is mine
            made.rounds(2)
            assert same_segments(made.agent.segments, expected.agent.segments)
        assert not ray.is_initialized()
        assert set(psutil.Process().children(recursive=True)) <= children
    finally:
        signal.signal(signal.SIGTERM, previous)


@pytest.mark.usefixtures("shared")
def test_more_workers_than_the_cluster_has_cores_are_refused() -> None:
    config = CollectorConfig(lanes=9, workers=9)
    with pytest.raises(
        CollectorError, match=r"workers \(9\) x threads \(1\) need 9 cores, .* has 4: use at most 4 workers"
    ):
        make_collector("ray", SETTING.plan(config))


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize(
    ("fault", "words"), [("kill", "was lost"), ("stop", "took no step for 3 s"), ("hang", "took no step for 3 s")]
)
def test_an_actor_lost_within_an_episode_leaves_no_trace(fault: Any, words: str, tmp_path: Path) -> None:
    world = partial(FaultyWorld, SETTING.rules, fault, VICTIM, 4, tmp_path / "failed")
    timeout = 20.0 if fault == "kill" else 3.0
    plan = replace(SETTING.plan(replace(CONFIG, worker_timeout=timeout)), worlds=each(world))
    with _stage("ray", plan) as made:
        made.rounds(4)
        assert same_segments(made.agent.segments, _undisturbed(rounds=4).agent.segments)
        assert len(made.incidents) == 1
        assert words in made.incidents[0] and "while driving episodes 8 to 9; replaced" in made.incidents[0]
    assert (tmp_path / "failed").exists()


@pytest.mark.usefixtures("shared")
def test_an_exception_in_an_environment_is_told_with_its_traceback() -> None:
    world = partial(FaultyWorld, SETTING.rules, "raise", VICTIM, 4, None)
    with _stage("ray", replace(SETTING.plan(CONFIG), worlds=each(world))) as made:
        with pytest.raises(WorkerError) as caught:
            made.rounds(3)
        words = str(caught.value)
        assert words.startswith("worker ") and "the environment of episode 9 failed in step" in words
        assert "the road ends here" in words and "faulty.py" in words


@pytest.mark.usefixtures("shared")
def test_nothing_is_told_of_a_worker_that_failed_but_its_failure() -> None:
    """It is replaced then, and whoever replaced it has forgotten what it was asked for."""
    world = partial(FaultyWorld, SETTING.rules, "raise", VICTIM, 4, None)
    driving = driving_plan(replace(SETTING.plan(CONFIG), worlds=each(world)))
    with closing(RayPool(driving, 1, RaySession(CONFIG, 1), 1)) as pool:
        pool.publish(0, SETTING.agent().snapshot())
        pool.start(0)
        assert pool.wait(60) == [Ready(0)]
        for ticket, first in enumerate((8, 10)):  # the first of which has the victim
            pool.ask(0, BlockTask(ticket, first, weights=0))
        ray.wait(list(pool.promised), num_returns=2, timeout=60)
        events = pool.wait(60)
    assert [type(event) for event in events] == [Failed]


@pytest.mark.slow
def test_a_machine_lost_in_mid_run_leaves_no_trace_in_the_result() -> None:
    """Two machines of two cores drive for three workers; one is lost, and there is room for two."""
    ray.shutdown()
    config = CollectorConfig(lanes=6, workers=3, worker_timeout=20.0)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        other = cluster.add_node(num_cpus=2)
        cluster.wait_for_nodes()
        world = partial(DawdlingWorld, SETTING.rules, 0.02)
        plan = replace(SETTING.plan(replace(config, ray_address=cluster.address)), worlds=each(world))
        with _stage("ray", plan) as made:
            made.rounds(2)
            cluster.remove_node(other, allow_graceful=False)
            while sum(node["Alive"] for node in ray.nodes()) > 1:  # workers on it are lost well before
                made.rounds(1)
            made.rounds(5)
            expected = _undisturbed(made.agent.version, config)
            assert same_segments(made.agent.segments, expected.agent.segments)
            assert made.records == expected.records
            assert made.incidents
    finally:
        cluster.shutdown()
