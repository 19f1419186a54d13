"""Blind drills: an incident in the sandbox whose cause the trainee is not told, scored from the journal alone."""
