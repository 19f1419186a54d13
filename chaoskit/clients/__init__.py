"""Clients: the programs whose life on the day of the empty record is watched.

Each is a folder here and a process of its own, ``python -m chaoskit.clients.<folder>``, that speaks the contract of
``chaoskit.child``; the folder's name is what ``use:`` says in YAML. The class of a folder is the plan its process is given. A client
in another language needs no file here: see ``docs/creating-a-client.md``.
"""

from __future__ import annotations

from chaoskit.registry import Registry

CLIENTS = Registry(__name__, folders=True)
