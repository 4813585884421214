"""Recording demonstrations: worker processes drive whole episodes and write them to disk. Loads no torch."""

from racetui.demos.plan import RecordingPlan, Request, make_plan
from racetui.demos.pool import Recorded, record

__all__ = ["Recorded", "RecordingPlan", "Request", "make_plan", "record"]
