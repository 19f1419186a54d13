"""A run as a library: ``session.run`` opens a sandbox, plays an experiment, judges it and writes what was found."""
