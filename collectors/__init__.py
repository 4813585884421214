"""What drives: lanes, and the loops that turn steps into segments. See ``collectors.api``."""
