"""Recovery rehearsed from the worst state, and the herd that comes back: the simulated side of the recovery suite."""
