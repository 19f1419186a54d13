"""The survey: what an app depends on, and what each dependency's loss does to it, trial by trial, as one table."""
