"""A scripted driver for CarRacing-v3 that knows the true state: a racing line, its speeds, and how to stay on it."""
