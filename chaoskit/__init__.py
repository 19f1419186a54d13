"""chaoskit rehearses the day an endpoint's DNS record goes away.

The public surface is small on purpose: the command line is the main door, and a stored journal is the
interface between a run and everything that reads it. Importing this package loads no third-party module.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
