"""Deep Q-networks, for tasks with discrete actions."""
