"""Many runs from one file: every combination of some settings, queued, and compared at the end."""

from racetui.sweeps.plan import Member, Sweep, SweepError, members, read_sweep

__all__ = ["Member", "Sweep", "SweepError", "members", "read_sweep"]
