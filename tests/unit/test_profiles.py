"""Hardware limits as Linux writes them down, profiles as files, and the plans made of both."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from collectors.api import CollectorConfig
from collectors.registry import COLLECTORS, check_config
from profiles import (
    BY_USE,
    Given,
    Gpu,
    Hardware,
    Kept,
    PlanError,
    Profile,
    ProfileError,
    detect,
    load_profile,
    plan,
    profile_names,
    recommend,
)
from profiles.cgroup import Limits, read_limits

GIB = 1024**3
AUTO = Profile("t", "p")
PRESETS = ("auto", "cluster", "desktop-8core", "gpu", "laptop-2core", "lowmem-6gb", "many-core", "workstation-16core")
FIXED = Profile("t", "p", workers=8, lanes=16, threads=8)


def machine(cores: int) -> Hardware:
    return Hardware(cores, cores, cores, 8 * GIB, None, 4 * GIB)


@pytest.mark.parametrize(
    ("profile", "cores", "collector", "lanes", "workers", "expected"),
    [
        (AUTO, 8, "sequential", None, None, (1, 1, 8)),
        (AUTO, 8, "sequential", 1, 1, (1, 1, 8)),
        (FIXED, 8, "sequential", None, None, (1, 1, 8)),
        (AUTO, 8, "sync", None, None, (8, 1, 8)),
        (AUTO, 8, "sync", 3, 1, (3, 1, 8)),
        (FIXED, 8, "sync", None, None, (16, 1, 8)),
        (AUTO, 1, "async", None, None, (8, 1, 1)),
        (AUTO, 2, "async", None, None, (8, 2, 2)),
        (AUTO, 3, "async", None, None, (9, 3, 3)),
        (AUTO, 16, "async", None, None, (15, 15, 16)),
        (AUTO, 16, "async", 4, None, (4, 4, 16)),
        (AUTO, 4, "async", 6, None, (6, 3, 4)),
        (AUTO, 2, "async", None, 5, (10, 5, 2)),
        (AUTO, 2, "async", 5, 5, (5, 5, 2)),
        (FIXED, 2, "async", None, None, (16, 8, 2)),
        (FIXED, 2, "async", 4, None, (4, 4, 2)),
        (FIXED, 2, "async", None, 3, (18, 3, 2)),
        (FIXED, 2, "async", None, 32, (32, 32, 2)),
        (replace(AUTO, lanes=4), 8, "async", None, None, (7, 7, 8)),
        (replace(AUTO, workers=2), 8, "async", None, None, (8, 2, 8)),
        (replace(AUTO, threads=3), 8, "async", None, None, (14, 7, 3)),
        (replace(AUTO, cores=2), 8, "async", None, None, (8, 2, 2)),
        (AUTO, 2, "executor", None, None, (4, 2, 2)),
        (AUTO, 8, "executor", 6, None, (6, 6, 8)),
        (AUTO, 8, "executor", 12, None, (12, 6, 8)),
        (AUTO, 2, "executor", 9, None, (9, 1, 2)),
        (AUTO, 2, "executor", None, 3, (6, 3, 2)),
        (AUTO, 2, "ray", 8, 4, (8, 4, 2)),
        (FIXED, 8, "executor", None, None, (16, 8, 8)),
        (FIXED, 8, "executor", None, 3, (18, 3, 8)),
    ],
)
def test_plan(
    profile: Profile,
    cores: int,
    collector: str,
    lanes: int | None,
    workers: int | None,
    expected: tuple[int, int, int],
) -> None:
    made = plan(profile, machine(cores), collector, Given(lanes, None, workers))
    assert (made.lanes, made.workers, made.threads, made.simulator_threads) == (*expected, 1)
    assert len(made.reasons) == (2 if collector == "sequential" else 3)


@pytest.mark.parametrize(
    ("collector", "lanes", "expected"),
    [
        ("sequential", None, (1, 1, 4, 1)),
        ("sync", None, (64, 1, 4, 4)),
        ("sync", 3, (3, 1, 4, 3)),
        ("async", None, (66, 3, 4, 1)),
        ("executor", None, (12, 3, 4, 1)),
        ("executor", 4, (4, 2, 4, 1)),
    ],
)
def test_plan_of_a_simulator_that_steps_cars_together(
    collector: str, lanes: int | None, expected: tuple[int, int, int, int]
) -> None:
    made = plan(AUTO, machine(4), collector, Given(lanes), batched=True)
    assert (made.lanes, made.workers, made.threads, made.simulator_threads) == expected


@pytest.mark.parametrize(
    ("collector", "lanes", "workers", "message"),
    [
        ("sequential", 2, None, "lanes must be 1 with collector sequential, not 2"),
        ("sequential", None, 2, "workers must be 1 with collector sequential, not 2"),
        ("sync", 4, 2, "workers must be 1 with collector sync, not 2"),
        ("async", 2, 3, r"workers must be 1 to lanes \(2\), not 3"),
        ("async", 0, None, "lanes must be 1 or more, not 0"),
        ("sync", None, -1, "workers must be 1 or more, not -1"),
        ("fleet", None, None, "'fleet': choose from sequential, multicar, sync, async, hybrid, executor, ray"),
    ],
)
def test_impossible_plans_are_errors(collector: str, lanes: int | None, workers: int | None, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan(AUTO, machine(4), collector, Given(lanes, None, workers))


@pytest.mark.parametrize(
    ("profile", "cores", "lanes", "workers", "words"),
    [
        (
            AUTO,
            2,
            None,
            None,
            ["8 lanes: the default", "2 workers: one for each core", "2 learner threads: all cores"],
        ),
        (AUTO, 3, None, None, ["9 lanes: the next multiple of 3"]),
        (AUTO, 1, 4, 2, ["4 lanes: as given", "2 workers: as given. Only 1 core can be used", "1 learner thread:"]),
        (FIXED, 8, None, None, ["16 lanes: as the profile says", "8 workers: as the profile says"]),
        (
            FIXED,
            2,
            None,
            None,
            ["Only 2 cores can be used, so they will take turns", "the profile's 8 would be more"],
        ),
        (replace(AUTO, cores=16), 8, None, None, ["7 workers: one core is left", "Of the profile's 16 cores, 8 can"]),
        (AUTO, 8, 4, None, ["4 workers: each steps at least one car"]),
    ],
)
def test_reasons_say_each_choice(
    profile: Profile, cores: int, lanes: int | None, workers: int | None, words: list[str]
) -> None:
    reasons = " ".join(plan(profile, machine(cores), "async", Given(lanes, None, workers)).reasons)
    assert [word for word in words if word not in reasons] == []


@pytest.mark.parametrize(
    ("collector", "cores", "given", "batched", "expected"),
    [
        ("multicar", 4, Given(), False, (8, 8, 1, 1)),
        ("multicar", 4, Given(), True, (8, 8, 1, 4)),
        ("multicar", 4, Given(cars=3), True, (3, 3, 1, 3)),
        ("multicar", 4, Given(lanes=5), False, (5, 5, 1, 1)),
        ("multicar", 4, Given(lanes=5, cars=5), False, (5, 5, 1, 1)),
        ("hybrid", 2, Given(), False, (8, 4, 2, 1)),
        ("hybrid", 2, Given(), True, (64, 4, 2, 1)),
        ("hybrid", 3, Given(), True, (72, 4, 3, 1)),
        ("hybrid", 2, Given(cars=3), False, (12, 3, 2, 1)),
        ("hybrid", 8, Given(lanes=12), False, (12, 4, 3, 1)),
        ("hybrid", 8, Given(lanes=9), False, (9, 3, 3, 1)),
        ("hybrid", 8, Given(lanes=7), False, (7, 1, 7, 1)),
        ("hybrid", 2, Given(lanes=12, cars=6), False, (12, 6, 2, 1)),
        ("hybrid", 2, Given(cars=2, workers=5), False, (10, 2, 5, 1)),
        ("executor", 2, Given(), True, (8, 1, 2, 1)),
        ("executor", 3, Given(), False, (6, 1, 3, 1)),
        ("executor", 4, Given(lanes=6), False, (6, 1, 3, 1)),
        ("ray", 4, Given(lanes=7), False, (7, 1, 1, 1)),
        ("ray", 2, Given(workers=24, cluster=True), False, (48, 1, 24, 1)),
    ],
)
def test_plan_of_many_cars_on_a_track(
    collector: str, cores: int, given: Given, batched: bool, expected: tuple[int, int, int, int]
) -> None:
    made = plan(AUTO, machine(cores), collector, given, batched)
    assert (made.lanes, made.cars, made.workers, made.simulator_threads) == expected
    check_config(collector, CollectorConfig(made.lanes, made.cars, made.workers, made.simulator_threads))


@pytest.mark.parametrize(
    ("collector", "given", "message"),
    [
        ("sequential", Given(cars=2), "cars must be 1 with collector sequential, not 2"),
        ("sync", Given(cars=2), "cars must be 1 with collector sync, not 2: multicar and hybrid take more"),
        ("async", Given(cars=4), "cars must be 1 with collector async, not 4"),
        ("multicar", Given(workers=2), "workers must be 1 with collector multicar, not 2"),
        ("multicar", Given(lanes=8, cars=4), r"lanes \(8\) and cars \(4\) must be equal with collector multicar"),
        ("hybrid", Given(lanes=8, cars=3), r"cars \(on each track\) must divide lanes \(8\), not 3"),
        ("hybrid", Given(lanes=8, cars=4, workers=3), r"workers must be 1 to tracks \(8 lanes / 4 cars\), not 3"),
        ("hybrid", Given(cars=0), "cars must be 1 or more, not 0"),
        ("executor", Given(cars=2), "cars must be 1 with collector executor, not 2"),
        (
            "executor",
            Given(lanes=8, workers=3),
            r"lanes \(8\) must be a multiple of workers \(3\)",
        ),
    ],
)
def test_impossible_cars_are_errors(collector: str, given: Given, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan(AUTO, machine(4), collector, given)


def test_profiles_may_say_how_many_cars() -> None:
    profile = replace(AUTO, cars=6, workers=2)
    assert plan(profile, machine(4), "multicar").cars == 6
    assert "6 cars: as the profile says on each track." in plan(profile, machine(4), "hybrid").reasons
    fewer = plan(profile, machine(4), "hybrid", Given(lanes=8)).reasons
    assert "4 cars: the most up to 6 that divide 8 lanes on each track." in fewer
    assert plan(profile, machine(4), "sync").cars == 1


def test_every_preset_has_a_plan_for_every_collector() -> None:
    assert profile_names() == PRESETS
    hardware = replace(machine(2), gpus=(Gpu("G"),))
    for name in profile_names():
        for collector in COLLECTORS:
            made = plan(load_profile(name), hardware, collector)
            config = CollectorConfig(made.lanes, made.cars, made.workers)
            check_config(collector, config)
            assert config.tracks % made.workers == 0


@pytest.mark.parametrize(
    ("name", "collector", "workers", "threads", "device"),
    [
        ("laptop-2core", "async", 2, 2, "auto"),
        ("desktop-8core", "async", 7, 8, "auto"),
        ("workstation-16core", "async", 15, 16, "auto"),
        ("lowmem-6gb", "sync", 1, 64, "auto"),
        ("gpu", "async", 63, 64, "cuda"),
        ("many-core", "executor", 63, 64, "auto"),
        ("cluster", "ray", 63, 64, "auto"),
    ],
)
def test_presets_on_a_large_machine(name: str, collector: str, workers: int, threads: int, device: str) -> None:
    profile = load_profile(name)
    hardware = replace(machine(64), memory_free=200 * GIB, gpus=(Gpu("G", 4 * GIB),))
    assert profile.collector in ("auto", collector)
    made = plan(profile, hardware, collector)
    assert (made.workers, made.threads, made.device) == (workers, threads, device)


def test_a_profile_for_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(PlanError, match="'GPU' learns on a GPU, and none was found here: use profile auto"):
        plan(load_profile("gpu"), machine(8), "async")


@pytest.mark.parametrize(
    ("free", "memory", "given", "expected", "words"),
    [
        (4 * GIB, "auto", None, 100_000, "100,000 steps in the replay (0.73 GB): the default"),
        (GIB, "auto", None, 22_000, "22,000 steps in the replay: 100,000, the default, would need 0.73 GB"),
        (9 * GIB, 1, None, 12_000, "12,000 steps in the replay"),
        (GIB, "auto", 90_000, 90_000, "90,000 steps in the replay (0.66 GB): as given"),
    ],
)
def test_a_replay_fits_beside_learner_and_workers(
    free: int, memory: Any, given: int | None, expected: int, words: str
) -> None:
    kept = Kept(100_000, 7_300, given)
    made = plan(replace(AUTO, memory=memory), replace(machine(8), memory_free=free), "async", kept=kept)
    assert made.replay == expected
    assert words in " ".join(made.reasons)
    assert made.replay * 7_300 + made.workers * (64 << 20) + (800 << 20) <= free or given


def test_no_memory_for_a_replay_is_an_error_with_ways_out() -> None:
    with pytest.raises(PlanError, match=r"no memory for a replay: 0\.5 GB are free.*replay_directory"):
        plan(AUTO, replace(machine(8), memory_free=GIB // 2), "sync", kept=Kept(100_000, 7_300))


@pytest.mark.parametrize(
    ("workers", "limit", "hard", "words"),
    [
        (
            100,
            256,
            4096,
            r"100 workers .* need about \d+ file descriptors, and the limit is 256: use at most \d+, or `ulim",
        ),
        (100, 256, 256, r"have your administrator raise the limit, which is at most 256 here"),
        (1, 16, None, r"and the limit is 16: `ulimit -n \d+` beforehand"),
    ],
)
def test_more_workers_than_file_descriptors_allow_are_refused(
    workers: int, limit: int, hard: int | None, words: str
) -> None:
    hardware = replace(machine(2), memory_free=64 * GIB, file_limit=limit, file_limit_hard=hard)
    with pytest.raises(PlanError, match=words):
        plan(AUTO, hardware, "executor", Given(workers=workers))


def test_where_nobody_says_as_many_workers_as_file_descriptors_allow() -> None:
    made = plan(AUTO, replace(machine(128), memory_free=64 * GIB, file_limit=256), "async")
    assert made.workers < 127
    assert any("a limit of 256 file descriptors allows" in reason for reason in made.reasons)


@pytest.mark.parametrize(
    ("cores", "free", "collector"),
    [(1, 8 * GIB, "async"), (8, 8 * GIB, "async"), (32, 64 * GIB, "executor"), (8, GIB // 2, "sync")],
)
def test_a_collector_is_recommended_with_the_reason(cores: int, free: int, collector: str) -> None:
    advice = recommend(replace(machine(cores), memory_free=free))
    assert advice.collector == collector
    assert advice in BY_USE
    assert all(each.reason for each in BY_USE)


def test_auto_is_all_worked_out() -> None:
    profile = load_profile("auto")
    assert (profile.workers, profile.lanes, profile.threads) == ("auto", "auto", "auto")


@pytest.mark.parametrize(
    ("collector", "workers", "free", "words"),
    [
        ("executor", 100, 4 * GIB, r"100 workers of collector executor and .* about 21.0 GB, and 4.3 GB are free"),
        ("executor", 100, 4 * GIB, r"use at most 17$"),
        ("ray", 100, 4 * GIB, r"use at most 10$"),
        ("async", 100, 4 * GIB, r"use at most 51$"),
        ("async", None, GIB // 4, r"1 worker of collector async .* free some memory, or use collector sync$"),
    ],
)
def test_more_workers_than_memory_allows_are_refused(collector: str, workers: int, free: int, words: str) -> None:
    hardware = replace(machine(2), memory_free=free)
    with pytest.raises(PlanError, match=words):
        plan(AUTO, hardware, collector, Given(workers=workers))


def test_where_nobody_says_as_many_workers_as_memory_allows() -> None:
    made = plan(AUTO, replace(machine(64), memory_free=2 * GIB), "executor")
    assert (made.workers, made.lanes) == (6, 12)
    assert any("as many as 2.1 GB of free memory hold" in reason for reason in made.reasons)


def test_a_cluster_is_not_limited_by_this_machine() -> None:
    made = plan(AUTO, replace(machine(2), memory_free=GIB), "ray", Given(workers=100, cluster=True))
    assert (made.workers, made.lanes) == (100, 200)
    assert not any("take turns" in reason for reason in made.reasons)


def test_lanes_that_workers_cannot_share_evenly_are_refused_with_what_would_do() -> None:
    with pytest.raises(PlanError, match=r"lanes \(7\) must be a multiple of workers \(2\) .*: use 6 or 8"):
        plan(AUTO, machine(2), "executor", Given(lanes=7, workers=2))
    with pytest.raises(PlanError, match=r"lanes \(1\) must be a multiple of workers \(2\) .*: use 2"):
        plan(AUTO, machine(2), "executor", Given(lanes=1, workers=2))


def test_files_of_the_users_own_are_profiles_too(tmp_path: Path) -> None:
    (tmp_path / "server.yaml").write_text("title: Server\npurpose: Many cores.\nworkers: 60\n")
    (tmp_path / "auto.yaml").write_text("title: Mine\npurpose: Instead of the preset.\n")
    assert profile_names(tmp_path) == tuple(sorted((*PRESETS, "server"), key=lambda name: (name != "auto", name)))
    assert load_profile("server", tmp_path) == Profile("Server", "Many cores.", workers=60)
    assert load_profile("auto", tmp_path).title == "Mine"
    assert load_profile("laptop-2core", tmp_path) == load_profile("laptop-2core")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: T", "purpose is missing"),
        ("title: T\npurpose: P\nworker: 2", "unknown key worker: did you mean workers?"),
        ("title: T\npurpose: P\nworkers: many", "workers must be a whole number or auto, not 'many'"),
        ("title: T\npurpose: P\nlanes: 2.5", "lanes must be a whole number or auto, not 2.5"),
        ("title: T\npurpose: P\nthreads: 0", "threads must be 1 or more, or auto, not 0"),
        ("title: T\npurpose: P\ncores: 0", "cores must be 1 or more, or auto, not 0"),
        ("title: T\npurpose: P\nmemory: -6", "memory must be more than 0 GB, or auto, not -6"),
        ("title: T\npurpose: P\ndevice: tpu", "device must be auto or cpu or cuda, not 'tpu'"),
        ("title: T\npurpose: P\ncollector: fleet", "collector must be auto or sequential or multicar or"),
        ("title: T\ntitle: U\npurpose: P", "line 2: key title is given twice"),
        ("- 1", "the document must be keys with values"),
    ],
)
def test_errors_name_file_key_and_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ProfileError) as error:
        load_profile("mine", tmp_path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["big", "", "../presets/auto", ".hidden", "/etc/passwd"])
def test_unknown_profiles_are_errors_with_the_choices(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProfileError, match="choose from auto, cluster, desktop-8core"):
        load_profile(name, tmp_path)


def test_version_2_groups_count_at_every_level(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "membership": "0::/slice/run\n",
            "root/cgroup.controllers": "cpu memory",
            "root/slice/cpu.max": "150000 100000\n",
            "root/slice/memory.max": f"{4 * GIB}\n",
            "root/slice/memory.current": f"{3 * GIB}\n",
            "root/slice/memory.stat": f"anon 5\ninactive_file {GIB}\n",
            "root/slice/run/cpu.max": "max 100000\n",
            "root/slice/run/memory.max": "max\n",
            "root/slice/run/memory.current": f"{GIB}\n",
        },
    )
    assert read_limits(tmp_path / "root", tmp_path / "membership") == Limits(1.5, 4 * GIB, 2 * GIB)


def test_version_2_inside_a_container_that_shows_only_its_own_group(tmp_path: Path) -> None:
    files = {"membership": "0::/../outer/container\n", "root/cpu.max": "300000 100000\n"}
    tree(tmp_path, files)
    assert read_limits(tmp_path / "root", tmp_path / "membership") == Limits(cores=3)


def test_version_1_groups(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "membership": "4:memory:/run\n3:cpu,cpuacct:/run\n1:name=systemd:/run\n0::/\n",
            "root/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "root/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "root/cpu,cpuacct/run/cpu.cfs_quota_us": "50000\n",
            "root/cpu,cpuacct/run/cpu.cfs_period_us": "100000\n",
            "root/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "root/memory/memory.usage_in_bytes": f"{6 * GIB}\n",
            "root/memory/run/memory.limit_in_bytes": f"{2 * GIB}\n",
            "root/memory/run/memory.usage_in_bytes": f"{2 * GIB}\n",
            "root/memory/run/memory.stat": f"inactive_file 7\ntotal_inactive_file {GIB}\n",
        },
    )
    assert read_limits(tmp_path / "root", tmp_path / "membership") == Limits(0.5, 2 * GIB, GIB)


@pytest.mark.parametrize(
    "files",
    [
        {"membership": "0::/\n", "root/memory.swap.max": f"{GIB}\n", "root/memory.swap.current": "5\n"},
        {
            "membership": "4:memory:/\n",
            "root/memory/memory.limit_in_bytes": f"{GIB}\n",
            "root/memory/memory.usage_in_bytes": "7\n",
            "root/memory/memory.memsw.limit_in_bytes": f"{2 * GIB}\n",
            "root/memory/memory.memsw.usage_in_bytes": "12\n",
        },
    ],
    ids=["version 2", "version 1"],
)
def test_a_limit_of_swap(files: dict[str, str], tmp_path: Path) -> None:
    tree(tmp_path, files)
    found = read_limits(tmp_path / "root", tmp_path / "membership")
    assert (found.swap, found.swap_used) == (GIB, 5)


def test_no_groups_no_limits(tmp_path: Path) -> None:
    assert read_limits(tmp_path / "absent", tmp_path / "absent") == Limits()


def test_detect_without_limits_is_the_machine(tmp_path: Path) -> None:
    found = detect(tmp_path, tmp_path / "absent")
    assert found.logical_cores == os.cpu_count()
    assert found.usable_cores == allowed_cores()
    assert found.memory_total == psutil.virtual_memory().total
    assert found.memory_limit is None
    assert 0 < found.memory_free <= found.memory_total


def test_detect_keeps_to_quota_and_memory_limit(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "membership": "0::/\n",
            "root/cpu.max": "20000 100000\n",
            "root/memory.max": f"{GIB // 8}\n",
            "root/memory.current": f"{GIB}\n",
        },
    )
    found = detect(tmp_path / "root", tmp_path / "membership")
    assert (found.usable_cores, found.memory_limit, found.memory_free) == (1, GIB // 8, 0)


def test_detect_rounds_a_quota_up_but_not_beyond_the_affinity(tmp_path: Path) -> None:
    cores = allowed_cores() or 1
    for quota, expected in ((100_000 * cores - 1, cores), (100_000 * cores * 2, cores)):
        tree(tmp_path, {"membership": "0::/\n", "root/cpu.max": f"{quota} 100000\n"})
        assert detect(tmp_path / "root", tmp_path / "membership").usable_cores == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no processor affinity")
def test_detect_keeps_to_the_affinity() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert detect().usable_cores == 1
    finally:
        os.sched_setaffinity(0, allowed)


def allowed_cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def tree(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
