"""What is learned on pictures drawn directly is worth as much on stock's own. Some minutes: ``make test-slow``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.program import racetui

FRAMES = "150k"
TRACKS = 24


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_policy_of_grey_fast_scores_the_same_on_stock(store_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--observation", "grey-fast", "--frames", FRAMES, "--eval-every", "0", "--seed", "1")
    trained = racetui("train", *options, timeout=3000)
    assert trained.code == 0, trained.err
    returns = {}
    for backend in ("fast", "gymnasium"):
        scored = racetui("eval", "1", "--episodes", str(TRACKS), "--backend", backend, "--json", timeout=1500)
        assert scored.code == 0, scored.err
        returns[backend] = np.array(scored.json["results"]["returns"])
    differences = returns["gymnasium"] - returns["fast"]
    error = differences.std(ddof=1) / np.sqrt(TRACKS)
    with capsys.disabled():
        means = ", ".join(f"{backend} {values.mean():.1f}" for backend, values in returns.items())
        print(f"\n{TRACKS} tracks after {FRAMES} frames: {means}, difference {differences.mean():.1f} ± {error:.1f}")
    assert returns["fast"].mean() > 0, "nothing was learned, so nothing is compared"
    assert abs(differences.mean()) < 3 * error + 5
