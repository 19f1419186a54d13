"""The map of a system's tipping points: outage length × load, the line between what recovers and what does not, and what would move it."""
