"""The panel's panes, one to a file."""
