"""Soft actor-critic, with DrQ's shifted pictures where the task shows pictures."""
