"""chaoskit under a compose project of somebody else's, which is not edited.

``chaoskit compose overlay`` writes an override file that gives chosen services our resolver, our certificate authority and fake
credentials. ``chaoskit attach`` does so to a running project, plays an experiment on it and puts everything back.
``chaoskit doctor --container`` walks the way of a name in a running container: app, libc, Docker's resolver, chaoskit.

All that is asked of Docker goes through its own command line (``engine.py``).
"""
