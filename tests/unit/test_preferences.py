"""config.toml: what it may say, what is told of what is wrong, and that a change leaves the rest of it alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from profiles.strict import DocumentError
from racetui.cli import main
from racetui.preferences import Preferences, load, reading, schema, settings, value_of
from racetui.preferences.reading import Origin, config_path
from racetui.preferences.saving import SavingError, save


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_no_file_is_an_empty_one(path: Path) -> None:
    loaded = load(path)
    assert (loaded.preferences, loaded.problems, dict(loaded.origins)) == (Preferences(), (), {})


def test_every_setting_has_a_help_and_a_default_that_is_allowed() -> None:
    found = settings()
    assert len(found) > 5
    for setting in found:
        assert len(setting.help) > 20, setting.key
        assert setting.checked(setting.default, "default") == setting.default
        assert value_of(Preferences(), setting.key) == setting.default


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[panel]\ntheme = "drak"', "panel.theme must be one of auto, dark, light, "),
        ("[panel]\nrefresh = 3", "panel.refresh must be one of 0.25, 0.5, 1, 2, 4, not 3"),
        ('[panel]\nreadonly = "no"', "panel.readonly must be true or false, not 'no'"),
        ("[panel]\nrefersh = 1", "unknown key refersh in panel: did you mean refresh?"),
        ("[pannel]", "unknown key pannel: did you mean panel?"),
        ("panel = 1", "panel must be a section, [panel], with keys of its own"),
        ("[panel", "is not TOML: "),
        ('[keys]\npuase = "P"', "keys.puase: no such action: did you mean pause?"),
        ('[keys]\npause = "x"', "keys.pause: x is taken by stop"),
        ('[keys]\npause = "shift+p"', "keys.pause: shift+p is written P"),
        ('[keys]\npause = "ctrl+i"', "keys.pause: ctrl+i is tab to a terminal: write that"),
        ('[keys]\npause = "hyper+p"', "keys.pause: 'hyper+p' is no key that every terminal sends"),
        ('[keys]\npause = "ctrl+c"', "keys.pause: ctrl+c is taken by detach (Anywhere)"),
        ("[keys]\npause = []", "keys.pause: must be a key"),
        ('[keys]\nsubmit = "g"', "keys.submit: g is typed into the fields of forms"),
        ("keys = 1", "keys must be a section"),
    ],
)
def test_what_is_wrong_is_one_line_and_the_rest_counts(path: Path, text: str, problem: str) -> None:
    good = "[charts]\nsmoothing = 51\n"
    loaded = load(written(path, text if text.startswith("[panel\n") else f"{text}\n{good}"))
    assert len(loaded.problems) == 1, loaded.problems
    assert loaded.problems[0].startswith(f"{path}: ")
    assert problem in loaded.problems[0]
    if "not TOML" not in problem:
        assert loaded.preferences.charts.smoothing == 51


def test_options_win_over_the_environment_and_that_over_the_file(path: Path) -> None:
    written(path, '[panel]\nreadonly = false\ntheme = "light"\nrefresh = 2\n')
    loaded = load(path, {"panel.theme": "dark"}, {"RACETUI_READONLY": "1"})
    panel = loaded.preferences.panel
    assert (panel.theme, panel.refresh, panel.readonly, panel.ascii) == ("dark", 2.0, True, "auto")
    origins = [loaded.origin(f"panel.{name}") for name in ("theme", "refresh", "readonly", "ascii")]
    assert origins == [Origin.OPTION, Origin.FILE, Origin.ENVIRONMENT, Origin.DEFAULT]
    assert not load(path, environment={"RACETUI_READONLY": "0"}).preferences.panel.readonly


def test_the_file_can_be_elsewhere(tmp_path: Path) -> None:
    assert config_path({"RACETUI_CONFIG": str(tmp_path / "my.toml")}) == tmp_path / "my.toml"
    assert config_path({}).name == "config.toml"


def test_keys_may_change_places_when_all_of_them_move(path: Path) -> None:
    loaded = load(written(path, '[keys]\npause = "x"\nresume = "x"\nstop = ["p", "f5"]\nsettings = ";"\n'))
    assert loaded.problems == ()
    keys = {key.id: key.keys for key in loaded.keys}
    assert (keys["pause"], keys["stop"], keys["settings"]) == (("x",), ("p", "f5"), ("semicolon",))
    half = load(written(path, '[keys]\npause = "x"\nstop = "p"\n'))
    assert {key.id: key.keys for key in half.keys}["stop"] == ("x",), "resume still has p, so stop keeps its own"


COMMENTED = """# my panel
[panel]  # how it looks
refresh = 2   # on a slow link: 0.5

[keys]
pause = "P"
"""


def test_a_change_leaves_comments_and_order_alone(path: Path) -> None:
    written(path, COMMENTED).chmod(0o600)
    save(path, {"panel.refresh": 0.5, "panel.theme": "light", "charts.smoothing": 11})
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# my panel\n[panel]  # how it looks\nrefresh = 0.5   # on a slow link: 0.5\n")
    loaded = load(path)
    assert loaded.problems == ()
    assert (loaded.preferences.panel.theme, loaded.preferences.charts.smoothing) == ("light", 11)
    assert dict(loaded.own_keys) == {"pause": ("P",)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


def test_a_new_file_and_a_link_are_made_and_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles" / "racetui.toml", tmp_path / "config.toml"
    link.symlink_to(real)
    save(link, {"panel.theme": "light"})
    assert link.is_symlink()
    assert load(real).preferences.panel.theme == "light"


def test_what_is_no_toml_is_never_overwritten(path: Path) -> None:
    written(path, "[panel\n")
    with pytest.raises(SavingError, match="is not TOML"):
        save(path, {"panel.theme": "light"})
    assert path.read_text() == "[panel\n"


def test_settings_without_choices_are_typed_and_have_rules_of_their_own(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "Preferences", Louder)
    monkeypatch.setattr(reading, "Preferences", Louder)
    topics, most = settings()
    assert (topics.key, topics.choices, topics.help) == ("loud.topics", (), "What is told.")
    assert schema.written(Loud().topics) == "best, end"
    assert schema.read(topics, "end,  best ") == ("end", "best")
    assert schema.read(most, "3") == 3
    with pytest.raises(DocumentError, match="a whole number, not 'x'"):
        schema.read(most, "x")
    loaded = load(written(path, '[loud]\ntopics = ["nothing"]\nmost = 4\n'))
    assert loaded.problems == (f"{path}: loud.topics: no topic nothing",)
    assert value_of(loaded.preferences, "loud.most") == 4
    save(path, {"loud.topics": ("end",)})
    assert value_of(load(path).preferences, "loud.topics") == ("end",)


@dataclass(frozen=True, slots=True)
class Loud:
    """A section as other parts of the program may bring one."""

    topics: tuple[str, ...] = ("best", "end")
    """What is told."""
    most: int = 1
    """At once."""

    def __post_init__(self) -> None:
        for topic in self.topics:
            if topic not in ("best", "end"):
                raise ValueError(f"loud.topics: no topic {topic}")


@dataclass(frozen=True, slots=True)
class Louder:
    loud: Loud = field(default_factory=Loud)


def test_the_command_prints_own_keys_and_what_is_wrong(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RACETUI_CONFIG", str(written(path, '[keys]\nlogs = "L"\nstop = "p"\n')))
    assert main(["keys"]) == 2
    printed = capsys.readouterr().out
    assert re.search(r"^L +logs\* +The whole log", printed, re.MULTILINE)
    assert f"wrong: {path}: keys.stop: p is taken by pause" in printed
    assert main(["keys", "--json"]) == 2
    rows = json.loads(capsys.readouterr().out)["keys"]
    assert [row["keys"] for row in rows if row["own"]] == [["L"]]


def test_the_panels_options_are_refused_beside_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--readonly", "runs"])
    assert "--readonly is about the panel" in capsys.readouterr().err
