"""From demonstrations over cloning to reinforcement learning and a score, as one run with stages. Loads no torch."""
