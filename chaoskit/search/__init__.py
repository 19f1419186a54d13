"""Many runs of one experiment: the margin of a field, and sweeps over fields.

Which run comes next and what the answers mean are pure policies (``margin``, ``plan``, ``fields``, ``table``); ``points`` makes the
runs, each a process of its own with a sandbox of its own, here or on the workers of a Dask cluster (``dask``).
"""
