"""Runs as directories and processes: made, read, ordered about and watched. Knows nothing of Textual."""
