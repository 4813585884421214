"""What agents that learn from a replay have in common: SAC and DQN differ in their networks and losses only."""
