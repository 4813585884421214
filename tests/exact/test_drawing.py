"""What the simulator draws is what stock draws, pixel for pixel, and greys of it are the task's greys."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.envs.box2d.car_racing import CarRacing

from carracing.observation import grey, grey_without_indicators, rgb
from carracing.simulator.eyes import Painter, Sketcher
from carracing.simulator.indicators import _ADVANCES, _FIRST_ROW, _GLYPHS
from carracing.simulator.observations import CHANNELS_FIRST, GREY, GREY_CROPPED, PIXELS
from carracing.simulator.simulator import Rules, Simulator
from carracing.task import Array
from tests.exact.simulator_reference import DRIVERS, Driver, full_throttle, spinner, weaving

ONE = np.ones(1, bool)


def assert_equal_pictures(seed: int, driver: Driver, frames: int, every: int = 1, **options: Any) -> int:
    """Compare the first 20 pictures of an episode and ``every`` later one; how many were compared."""
    env: Any = CarRacing(**options)
    picture, _ = env.reset(seed=seed)
    simulator = Simulator(np.zeros(1, int), Rules(domain_randomize=options.get("domain_randomize", False)))
    simulator.lay_track(0, np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))))
    simulator.start(ONE)
    painter, rng, compared = Painter(simulator, PIXELS), np.random.default_rng(seed), 0
    render = env._render
    for frame in range(frames):
        if frame < 20 or frame % every == 0:
            assert np.array_equal(painter.look(ONE)[0], picture), (seed, frame)
            compared += 1
        skipped = frame + 1 >= 20 and (frame + 1) % every != 0
        env._render = (lambda mode: None) if skipped else render
        action = driver(frame, rng)
        picture, _, terminated, _, _ = env.step(action)
        simulator.step(action[None].astype(np.float64), ONE)
        if terminated:
            break
    return compared


@pytest.mark.parametrize("driver", [weaving, spinner])
def test_pictures_equal_stock(driver: Driver) -> None:
    assert assert_equal_pictures(1, driver, 300, every=20) > 30


def test_pictures_in_random_colours_equal_stock() -> None:
    for seed in (2, 3):
        assert assert_equal_pictures(seed, weaving, 100, every=20, domain_randomize=True) > 20


def test_pictures_beyond_the_playfield_equal_stock() -> None:
    assert assert_equal_pictures(6, full_throttle, 400, every=15) > 25


@pytest.mark.slow
@pytest.mark.parametrize("randomize", [False, True])
@pytest.mark.parametrize("driver", DRIVERS)
def test_5000_pictures_equal_stock(driver: Driver, randomize: bool) -> None:
    for seed in range(3):
        assert assert_equal_pictures(seed, driver, 800, every=4, domain_randomize=randomize) > 50


def test_scores_are_written_as_pygame_writes_them() -> None:
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    import pygame

    pygame.font.init()
    font = pygame.font.Font(pygame.font.get_default_font(), 42)
    for score in (*range(-130, 1020, 7), -1234, 9999, 12345, -0.2, 0.4):
        text = f"{score:04.0f}"
        drawn = pygame.surfarray.array3d(font.render(text, True, (255, 255, 255), (0, 0, 0)))[:, :, 0].T
        assert np.array_equal(written(text, drawn.shape), drawn), text


def written(text: str, shape: tuple[int, ...]) -> Array:
    picture = np.zeros((shape[0], shape[1] + 30), np.uint8)
    glyphs = ["0123456789-".index(character) for character in text]
    pen = 0
    for index, glyph in enumerate(glyphs):
        pen += int(_ADVANCES[glyphs[index - 1], glyph]) if index else 0
        place = picture[_FIRST_ROW : _FIRST_ROW + _GLYPHS.shape[1], pen >> 6 : (pen >> 6) + 23]
        np.maximum(place, _GLYPHS[glyph], out=place)
    return picture[:, : shape[1]]


@pytest.mark.parametrize(
    ("kind", "of_picture"),
    [(CHANNELS_FIRST, rgb), (GREY, grey), (GREY_CROPPED, grey_without_indicators)],
    ids=["rgb", "grey", "cropped"],
)
def test_observations_are_those_of_the_picture(kind: int, of_picture: Callable[[Array], Array]) -> None:
    simulator = Simulator(np.arange(3), Rules(domain_randomize=True), threads=2)
    for group in range(3):
        simulator.lay_track(group, np.random.default_rng(group))
    everyone = np.ones(3, bool)
    simulator.start(everyone)
    for _ in range(3):
        for _ in range(20):
            simulator.step(np.array([[0.1, 0.4, 0.0]] * 3), everyone)
        pictures = Painter(simulator, PIXELS).look(everyone)
        observed = Painter(simulator, kind).look(everyone)
        assert all(np.array_equal(of_picture(p), o) for p, o in zip(pictures, observed, strict=True))
    simulator.close()


def test_sketches_are_within_a_grey_level_of_the_exact_grey() -> None:
    simulator, everyone, rng = Simulator(np.arange(8), Rules()), np.ones(8, bool), np.random.default_rng(0)
    for group in range(8):
        simulator.lay_track(group, np.random.default_rng(group))
    simulator.start(everyone)
    exact, sketch, apart = Painter(simulator, GREY), Sketcher(simulator), []
    for _ in range(12):
        difference = sketch.look(everyone).astype(int) - exact.look(everyone)
        apart.append((np.abs(difference).mean(), difference.mean()))
        for _ in range(25):
            orders = np.stack([rng.uniform(-0.4, 0.4, 8), np.full(8, 0.15), np.zeros(8)], axis=1)
            simulator.step(orders, everyone)
    assert max(mean for mean, _ in apart) < 0.5
    assert np.mean([mean for mean, _ in apart]) < 0.25
    assert abs(np.mean([bias for _, bias in apart])) < 0.1
