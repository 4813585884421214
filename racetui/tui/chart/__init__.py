"""Line charts of braille dots (or ASCII): pure functions from numbers to rows of text."""

from racetui.tui.chart.plot import Curve, PlotOptions, plot

__all__ = ["Curve", "PlotOptions", "plot"]
