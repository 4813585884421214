"""The run's own process: ``python -m racetui.trainer RUN_DIRECTORY [--resume]``."""
