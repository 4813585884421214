"""What people get wrong on the command line: one clear line, the right exit code, nothing half-made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program import TINY, racetui, show, started, until

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--set", "agent.learning_rat=1e-4"), "learning_rate"),
        (("--set", "agent.learning_rate=fast"), "learning_rate"),
        (("--set", "task.frame_skip=2.5"), "frame_skip"),
        (("--set", "task.frame_skip=0"), "frame_skip"),
        (("--set", "collectr.lanes=2"), "collector"),
        (("--set", "nonsense"), "key=value"),
        (("--profile", "supercomputer"), "auto"),
        (("--collector", "sequential", "--set", "collector.lanes=4"), "lanes"),
        (("--set", "collector.workers=0"), "workers"),
        (("--set", "agent.minibatch=1000000"), "minibatch"),
        (("--frames", "0"), "budget"),
        (("--name", "../../etc/passwd"), "name"),
        (("--seed", "-1"), "seed"),
        (("--config", "/no/such/file.yaml"), "/no/such/file.yaml"),
    ],
)
def test_wrong_setting_is_named_and_nothing_is_made(arguments: tuple[str, ...], named: str, store_home: Path) -> None:
    result = racetui("train", "--detach", *arguments)
    assert (result.code, result.out) == (2, "")
    assert named in result.err
    assert result.err.count("\n") == 1, result.err
    assert not list(store_home.glob("runs/*"))


@pytest.mark.parametrize(
    "arguments", [("--agent", "sarsa"), ("--frames", "ten"), ("--duration", "soon"), ("--bogus",)]
)
def test_wrong_option_is_a_usage_error(arguments: tuple[str, ...], store_home: Path) -> None:
    result = racetui("train", *arguments)
    assert (result.code, result.out) == (2, "")
    assert not store_home.exists()


def test_config_file_with_a_typo_names_file_and_key(tmp_path: Path, store_home: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("agent: ppo\nagent_config:\n  learning_rate: 1e-4\n  epoch: 3\n")
    result = racetui("train", "--config", str(config))
    assert result.code == 2
    assert "mine.yaml" in result.err
    assert "epochs" in result.err
    assert not list(store_home.glob("runs/*"))


@pytest.mark.parametrize(
    "command", [("show",), ("pause",), ("resume",), ("stop",), ("checkpoint",), ("logs",), ("wait",), ("eval",)]
)
def test_unknown_run_is_not_found(command: tuple[str, ...]) -> None:
    result = racetui(*command, "no-such-run")
    assert (result.code, result.out) == (4, "")
    assert "no-such-run" in result.err


@pytest.mark.parametrize("run", ["no-such-run", ""])
def test_unknown_run_to_resume_is_not_found(run: str, store_home: Path) -> None:
    """Nor does an empty one, of a variable that was not set, start another run."""
    assert racetui("train", "--detach", "--resume", run).code == 4
    assert not list(store_home.glob("runs/*"))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("eval", "no/such/place"), "no checkpoint's directory"),
        (("demos", "show", "no/such/place"), "demonstrations"),
    ],
)
def test_what_is_not_there_is_not_found(command: tuple[str, ...], said: str) -> None:
    result = racetui(*command)
    assert (result.code, result.out) == (4, "")
    assert "no/such/place" in result.err
    assert said in result.err


def test_demonstrations_by_nobody_are_refused() -> None:
    result = racetui("demos", "--episodes", "1", "--workers", "0")
    assert (result.code, result.out) == (2, "")
    assert "--workers" in result.err


@pytest.mark.parametrize("home", ["/proc/racetui", "/dev/null/store"])
def test_store_that_cannot_be_written(home: str) -> None:
    """Not even root can make a directory there."""
    result = racetui("train", "--detach", RACETUI_HOME=home)
    assert (result.code, result.out) == (2, "")
    assert home in result.err
    assert "RACETUI_HOME" in result.err
    assert result.err.count("\n") == 1, result.err


def test_queue_limits_that_cannot_be_used_make_no_run(store_home: Path) -> None:
    result = racetui("train", "--detach", RACETUI_QUEUE="cores=two")
    assert (result.code, result.out) == (2, "")
    assert "RACETUI_QUEUE=cores=two" in result.err
    assert not list(store_home.glob("runs/*"))


def test_orders_that_do_not_fit_and_a_wait_that_takes_too_long(store_home: Path) -> None:
    run = started("--frames", "100M", "--name", "fit")
    assert racetui("wait", "fit", "--timeout", "1s").code == 5
    assert racetui("wait", "fit", "--timeout", "0").code == 5
    resumed = racetui("resume", "fi")  # a unique prefix names it, but it is not paused
    assert resumed.code == 1
    assert "cannot resume" in resumed.err
    again = racetui("train", "--resume", run)
    assert again.code != 0
    until(lambda: show(run)["frames"], what="a round")
    assert racetui("stop", "fit", "--now").code == 0
    changed = racetui("train", "--resume", "fit", "--seed", "3")
    assert changed.code == 2
    assert "--seed" in changed.err
    used = racetui("train", "--resume", "fit", "--frames", "1")
    assert used.code == 2
    assert "budget" in used.err
    assert show("fit")["budget"]["frames"] == 100_000_000


def test_evaluation_of_a_run_and_of_its_checkpoint_directory_agree(store_home: Path) -> None:
    trained = racetui("train", *TINY, "--collector", "sync", "--frames", "256", "--json")
    assert trained.code == 0, trained.err
    run = trained.json
    by_run = racetui("eval", run["id"], "--episodes", "2", "--seed", "7", "--json")
    assert by_run.code == 0, by_run.err
    directory = store_home / "runs" / run["id"] / "checkpoints" / str(run["frames"])
    by_path = racetui("eval", str(directory), "--episodes", "2", "--seed", "7", "--json")
    results = by_run.json["results"]
    assert len(results["returns"]) == 2
    assert results["returns"] == by_path.json["results"]["returns"]
    rows = show(run["id"])["evaluations"]
    assert [(row["purpose"], row["results"]["mean"]) for row in rows] == [("asked", results["mean"])]
    assert racetui("eval", run["id"], "--episodes", "0").code == 2
    assert racetui("eval", run["id"], "--checkpoint", "999").code == 4
    assert racetui("eval", run["id"], "--backend", "envpool").code == 2
    (directory / "tensors.safetensors").write_bytes(b"torn")
    torn = racetui("eval", str(directory), "--episodes", "1")
    assert torn.code == 1
    assert torn.err.strip().count("\n") <= 1
