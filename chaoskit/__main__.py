"""``python -m chaoskit``."""

from chaoskit.cli import main

main()
