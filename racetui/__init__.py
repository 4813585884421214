"""The application: runs, their trainer, the command line and the panel."""

__version__ = "0.1.0"
