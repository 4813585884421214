"""The panel's screens, one to a file."""
