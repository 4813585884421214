"""Hardware plans: what this machine has, and how a run spreads over it. Knows nothing of agents or runs."""

from profiles.gpu import Gpu
from profiles.hardware import Hardware, detect, processor_name
from profiles.needs import Kept, Measures
from profiles.plan import USUAL_COLLECTOR, Plan, plan
from profiles.profile import Profile, ProfileError, load_profile, profile_names
from profiles.recommend import BY_USE, Advice, recommend
from profiles.storage import Storage, look_at
from profiles.wishes import Given, PlanError, within

__all__ = [
    "BY_USE",
    "USUAL_COLLECTOR",
    "Advice",
    "Given",
    "Gpu",
    "Hardware",
    "Kept",
    "Measures",
    "Plan",
    "PlanError",
    "Profile",
    "ProfileError",
    "Storage",
    "detect",
    "load_profile",
    "look_at",
    "plan",
    "processor_name",
    "profile_names",
    "recommend",
    "within",
]
