"""Sandboxes: where clients run, and whose resolver they get.

``namespace`` gives an unmodified process real host names, real TLS and the real libc resolver in a world without a route out;
``inline`` hooks the resolver of a Python client where namespaces are forbidden, and says that libc was not exercised.
"""
