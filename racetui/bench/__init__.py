"""Benchmarks: what this machine does, printed beside what others do on it."""
