"""Evaluations: an episode is the same however it is driven, and the scores say what they should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.api import End
from carracing.task import TaskConfig
from collectors.api import EpisodeRecord
from racetui.cli.evaluate import evaluate_command
from racetui.cli.parser import make_parser
from racetui.evaluation import EvaluationSettings, evaluate, summarise
from racetui.values import seeds
from tests.policies import TASK, make_policy, save_policy
from tests.program import racetui

FAST = EvaluationSettings(episodes=20, seed=100, backend="fast")


@pytest.mark.parametrize(("agent", "deterministic"), [("ppo", True), ("ppo", False), ("sac", False), ("dqn", False)])
def test_an_episode_is_the_same_alone_and_among_others(agent: str, deterministic: bool) -> None:
    _, checkpoint = make_policy(replace(TASK, action="discrete" if agent == "dqn" else TASK.action), agent)
    settings = replace(FAST, deterministic=deterministic)
    together = evaluate(checkpoint, settings).episodes
    assert len({episode.episode_return for episode in together}) > 10
    for seed in (100, 107, 119):
        (alone,) = evaluate(checkpoint, replace(settings, episodes=1, seed=seed)).episodes
        assert alone == together[seed - 100]
    assert evaluate(checkpoint, replace(settings, cores=2)).episodes == together


def test_processes_share_the_work_of_stock_and_change_nothing() -> None:
    _, checkpoint = make_policy()
    settings = EvaluationSettings(episodes=3, seed=100, backend="gymnasium")
    alone = evaluate(checkpoint, settings).episodes
    assert evaluate(checkpoint, replace(settings, cores=2)).episodes == alone
    assert [episode.seed for episode in alone] == [100, 101, 102]


def test_noise_is_for_those_who_ask() -> None:
    _, checkpoint = make_policy()
    best, sampled = (evaluate(checkpoint, replace(FAST, episodes=2, deterministic=kind)) for kind in (True, False))
    assert best.returns != sampled.returns


def test_what_only_training_needs_is_off() -> None:
    _, checkpoint = make_policy(TaskConfig(frame_skip=50, early_stop=50, random_start=True))
    (episode,) = evaluate(checkpoint, replace(FAST, episodes=1)).episodes
    (plain,) = evaluate(make_policy(TASK)[1], replace(FAST, episodes=1)).episodes
    assert episode == plain


def _record(number: int, episode_return: float, frames: int, **facts: float) -> EpisodeRecord:
    end = End.TERMINATED if facts.get("finished") else End.TRUNCATED
    return EpisodeRecord(number, 100 + number, 0, 0, 0, frames // 4, frames, episode_return, end, facts)


def test_scores() -> None:
    lap = {"missed_tiles": 0.0, "progress": 1.0, "finished": 1.0, "lap_frames": 700.0}
    cut = {"missed_tiles": 3.0, "progress": 0.5, "finished": 0.0, "lap_frames": 0.0}
    returns = [930.0, 400.0, 920.0, 910.0]
    records = [
        _record(n, value, 700 if value > 500 else 1000, **(lap if value > 500 else cut))
        for n, value in enumerate(returns)
    ]
    result = summarise(records, 2.0)
    assert (result.mean, result.min) == (790.0, 400.0)
    assert result.std == pytest.approx(np.std(returns))
    assert result.p10 == pytest.approx(np.percentile(returns, 10))
    assert (result.finish_rate, result.missed_tiles, result.lap_frames) == (0.75, 0.75, 700.0)
    assert result.returns == tuple(returns) and result.frames == (700, 1000, 700, 700)
    row = result.episodes[1]
    assert (row.seed, row.end, row.missed_tiles, row.progress, row.lap_frames) == (101, "truncated", 3, 0.5, None)
    assert not row.finished and result.episodes[0].finished


def test_tasks_without_tiles_have_no_lap() -> None:
    result = summarise([_record(0, 5.0, 100)], 1.0)
    assert (result.finish_rate, result.missed_tiles, result.lap_frames) == (None, None, None)


@pytest.mark.parametrize(
    "wrong", [{"episodes": 0}, {"episodes": 10_001}, {"seed": -1}, {"seed": 2**31}, {"cores": 0}]
)
def test_impossible_settings_are_named(wrong: dict[str, int]) -> None:
    (key,) = wrong
    with pytest.raises(ValueError, match=f"{key} must be"):
        EvaluationSettings(**wrong)  # type: ignore[arg-type]


def test_seeds_as_people_type_them() -> None:
    assert seeds("100-199") == range(100, 200)
    assert seeds("137") == range(137, 138)


@pytest.mark.parametrize("text", ["", "5-3", "a", "1-", "-1", "1-2-3", "1 - 2"])
def test_what_are_no_seeds_is_refused_before_anything_is_read(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        make_parser().parse_args(["eval", "nothing", f"--seeds={text}"])
    assert "100-199" in capsys.readouterr().err


def test_the_command_prints_scores_and_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save_policy(tmp_path)
    command = ["eval", str(path), "--seeds", "100-102", "--backend", "fast", "--cores", "1", "--rows"]
    assert evaluate_command(make_parser().parse_args(command)) == 0
    out, err = capsys.readouterr()
    *rows, sentence = out.splitlines()
    assert [row.split()[0] for row in rows] == ["seed", "100", "101", "102"]
    for word in ("mean", "min", "p10", "finished", "missed tiles", "lap frames", "3 tracks"):
        assert word in sentence
    assert "ppo after 1 frames" in err and "tracks 100 to 102" in err and "training may have driven" in err
    assert (
        evaluate_command(make_parser().parse_args(["eval", str(path), "--episodes", "1", "--backend", "fast"])) == 0
    )
    assert "training may have driven" not in capsys.readouterr().err


def test_the_document_says_what_was_driven_with_what(tmp_path: Path) -> None:
    path = save_policy(tmp_path)
    result = racetui("eval", str(path), "--seeds", "7", "--backend", "fast", "--stochastic", "--json")
    assert result.code == 0, result.err
    document = result.json
    assert (document["agent"], document["frames"], document["checkpoint"]) == ("ppo", 1, str(path))
    assert document["task"]["frame_skip"] == 50
    assert document["settings"]["seed"] == 7 and document["settings"]["deterministic"] is False
    assert {"racetui", "gymnasium", "numpy", "torch"} <= document["versions"].keys()
    (row,) = document["results"]["episodes"]
    assert row["seed"] == 7 and row["episode_return"] == document["results"]["mean"]


def test_seeds_beside_seed_are_refused(tmp_path: Path) -> None:
    result = racetui("eval", str(tmp_path), "--seeds", "1-2", "--seed", "3")
    assert (result.code, result.out) == (2, "")
    assert "--seeds" in result.err
