"""CarRacing-v3 compiled: exact physics and pictures, many cars at a time. Start reading at ``simulator.py``."""
