"""What is known of this machine: calibrations, and what runs took that ended here."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from profiles import Hardware, Measures, Profile, plan
from racetui.config import load_spec
from racetui.measured import (
    Calibration,
    CalibrationError,
    Fingerprint,
    fingerprint,
    read_calibration,
    read_knowledge,
    remember,
    write_calibration,
)
from racetui.measured.calibration import calibration_path, learner_key
from racetui.measured.runs import remembered
from racetui.planning import measures_of
from racetui.runs.model import HardwareRow, RunState
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec
from tests.program import racetui

HARDWARE = Hardware(4, 4, 4, 8 << 30, None, 6 << 30)
MACHINE = Fingerprint(4, "a processor", "3.11", "1", "2.9", "0.63")


def spec_of(**keys: object) -> RunSpec:
    document = {"name": "a", "collector": "async", "collector_config": {"lanes": 8, "workers": 4}}
    return load_spec({**document, **keys}, "test")


def calibrated() -> Calibration:
    key = learner_key(spec_of())
    return Calibration(
        MACHINE,
        time=1e9,
        seconds=60.0,
        simulator={"grey": 10_000.0},
        acting={key: 20_000.0},
        learning={key: 40_000.0},
        threads={"1": 7_000.0, "2": 9_800.0, "4": 10_000.0},
        worker_bytes={"async": 90 << 20},
    )


def test_a_calibration_is_read_as_it_was_written() -> None:
    assert read_calibration(MACHINE) is None
    write_calibration(calibrated())
    assert read_calibration(MACHINE) == calibrated()
    assert [path.name for path in calibration_path().parent.iterdir()] == ["calibration.json"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"version": 1, "machine"', "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[]", "another version"),
        (b'{"version": 99}', "another version"),
        (b'{"version": 1, "time": "noon"}', "damaged"),
    ],
)
def test_a_torn_calibration_is_said_and_ignored(content: bytes, words: str) -> None:
    calibration_path().parent.mkdir(parents=True)
    calibration_path().write_bytes(content)
    with pytest.raises(CalibrationError, match=words):
        read_calibration(MACHINE)
    known = read_knowledge(HARDWARE)
    assert known.calibration is None
    assert "racetui calibrate" in known.problem


def test_nothing_is_measured_that_could_not_be_kept() -> None:
    result = racetui("calibrate", RACETUI_HOME="/dev/null/store")
    assert (result.code, result.out) == (2, "")
    assert "RACETUI_HOME" in result.err
    assert result.err.count("\n") == 1, result.err


def test_a_calibration_of_another_machine_is_said_and_ignored() -> None:
    write_calibration(calibrated())
    with pytest.raises(CalibrationError, match="cores 4 then, 8 now"):
        read_calibration(replace(MACHINE, cores=8))


def test_speed_follows_from_the_parts() -> None:
    # 4 frames at 40,000/s, one step at 20,000/s, and four passes at 40,000 samples/s: 0.25 ms a step
    alone = spec_of(collector="sync", collector_config={"lanes": 8, "workers": 1})
    for spec, step in ((spec_of(), 0.00025), (alone, 0.00055)):
        found = calibrated().frames_per_second(spec)
        assert found is not None
        assert found[0] == pytest.approx(4 / step)
    assert calibrated().frames_per_second(spec_of(backend="gymnasium")) is None
    assert calibrated().frames_per_second(spec_of(agent_config={"network": "nature"})) is None


def test_plans_go_by_what_was_measured() -> None:
    measures = measures_of(calibrated())
    profile = Profile("a", "b")
    assert plan(profile, HARDWARE, "async").threads == 4
    made = plan(profile, HARDWARE, "async", measures=measures)
    assert made.threads == 2
    assert "2 learner threads: as measured here, more learn no faster." in made.reasons
    little = replace(HARDWARE, memory_free=(800 + 200) << 20)
    assert plan(profile, little, "async").workers == 3
    assert plan(profile, little, "async", measures=measures).workers == 2
    assert measures_of(None) == Measures()
    assert measures_of(replace(calibrated(), load=9.0)).learner_threads is None


def ended(seconds: float, frames: int, peak: int, **keys: object) -> RunPaths:
    paths = RunStore().create(spec_of(budget=asdict(Budget(frames=1000)), **keys))
    with RunWriter(paths) as writer:
        writer.beat(
            frames=frames,
            steps=frames // 4,
            episodes=1,
            seconds=seconds,
            return_mean=None,
            frames_per_second=None,
            episodes_per_second=None,
        )
        writer.hardware(HardwareRow(time=0.0, cpu_percent=1.0, rss_bytes=2 * peak, pss_bytes=peak, processes=3))
        writer.set_state(RunState.FINISHED)
    return paths


def test_a_run_is_remembered_by_what_it_did_and_not_by_its_name() -> None:
    here = fingerprint(HARDWARE)
    remember(ended(100, 400_000, 900 << 20), here)
    remember(ended(300, 800_000, 800 << 20), here)
    remember(ended(5, 1_000_000, 100 << 20), here)  # too short to say anything
    known = read_knowledge(HARDWARE)
    same = spec_of(name="other", seed=7, budget={"frames": 5})
    assert known.frames_per_second(same) == (3000.0, "as the same configuration did here before (2 times)")
    assert known.peak_memory(same) == 900 << 20
    assert known.frames_per_second(spec_of(collector_config={"lanes": 16, "workers": 4})) is None


def test_the_memory_of_a_run_with_half_a_replay_is_not_remembered() -> None:
    sac = {"agent": "sac", "agent_config": {"replay": 50_000}}
    remember(ended(100, 100_000, 900 << 20, **sac), fingerprint(HARDWARE))
    known = read_knowledge(HARDWARE)
    assert known.frames_per_second(spec_of(**sac)) is not None
    assert known.peak_memory(spec_of(**sac)) is None


def test_torn_lines_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    remember(ended(100, 400_000, 900 << 20), MACHINE, file)
    file.write_bytes(b'{"key": "a", "frames"\n[]\n\xff\n' + file.read_bytes() + b'{"key"')
    assert [each.runs for each in remembered(file).values()] == [1]
