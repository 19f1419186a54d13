"""Experiments: schema, loader with errors that name the line, and the runner that plays one."""
