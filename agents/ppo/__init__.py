"""Proximal policy optimisation (Schulman et al. 2017) on stable-baselines3's maths."""
