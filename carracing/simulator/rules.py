"""The numbers of CarRacing-v3, each as Gymnasium 1.4.0 writes it (gymnasium/envs/box2d/car_racing.py)."""

from __future__ import annotations

import math

STATE_SIZE = 96
"""Width and height of an observation (``STATE_W``, ``STATE_H``)."""
WINDOW_WIDTH = 1000
WINDOW_HEIGHT = 800
"""The picture that is shrunk to an observation."""
SCALE = 6.0
"""Pixels of the original picture per unit (``SCALE``)."""
TRACK_RADIUS = 900 / SCALE
"""``TRACK_RAD``, in units."""
PLAYFIELD = 2000 / SCALE
"""Half the side of the playfield, in units: a car whose hull is further out on either axis is lost."""
ZOOM = 2.7
TRACK_DETAIL_STEP = 21 / SCALE
"""Distance between the track's points, in units."""
TRACK_TURN_RATE = 0.31
"""Largest change of heading between two points, in radians."""
TRACK_WIDTH = 40 / SCALE
"""Half the width of the road, in units, as stock names it."""
BORDER = 8 / SCALE
"""Width of the red and white border, in units."""
BORDER_MIN_COUNT = 4
"""A border needs this many hard turns in one direction."""
CHECKPOINTS = 12
GRASS_DIM = PLAYFIELD / 20.0
"""Side of a grass square, in units."""
MAX_SHAPE_DIM = max(GRASS_DIM, TRACK_WIDTH, TRACK_DETAIL_STEP) * math.sqrt(2) * ZOOM * SCALE
"""How far outside the picture a polygon's corner may be for the polygon to be drawn, in pixels."""
FRAME_SECONDS = 1.0 / 50
"""Time of one frame (``1.0 / FPS``)."""
VELOCITY_ITERATIONS = 6 * 30
POSITION_ITERATIONS = 2 * 30
"""Solver iterations of each frame (``world.Step``)."""
FRAME_REWARD = -0.1
LAP_REWARD = 1000.0
"""Shared out over the tiles of the track."""
LOST_REWARD = -100.0
"""Reward of the frame that leaves the playfield, instead of any other."""
