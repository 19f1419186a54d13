"""Cascades and the recovery from them: policies, simulations of their interplay, the day of 20 October 2025, and maps of tipping points."""
