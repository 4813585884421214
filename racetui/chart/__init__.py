"""Line charts of braille dots (or ASCII): pure functions from numbers to rows of text."""

from racetui.chart.plot import Curve, Drawing, PlotOptions, draw, plot, x_end

__all__ = ["Curve", "Drawing", "PlotOptions", "draw", "plot", "x_end"]
