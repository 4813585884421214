"""Hardware plans: what this machine has, and how a run spreads over it. Knows nothing of agents or runs."""
