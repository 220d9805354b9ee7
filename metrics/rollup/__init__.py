"""Hourly roll-ups of readings: SQL per kind of quantity, and the rules they take for granted."""

from metrics.rollup.rules import Rules, rules

__all__ = ["Rules", "rules"]
