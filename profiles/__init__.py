"""Hardware plans: what this machine has, and how a run spreads over it. Knows nothing of agents or runs."""

from profiles.hardware import Hardware, detect
from profiles.plan import USUAL_COLLECTOR, Plan, plan
from profiles.profile import Profile, ProfileError, load_profile, profile_names
from profiles.wishes import Given, PlanError

__all__ = [
    "USUAL_COLLECTOR",
    "Given",
    "Hardware",
    "Plan",
    "PlanError",
    "Profile",
    "ProfileError",
    "detect",
    "load_profile",
    "plan",
    "profile_names",
]
