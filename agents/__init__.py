"""What learns and what acts. ``agents.api`` has the interfaces, ``agents.registry`` the agents by name."""
