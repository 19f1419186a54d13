"""Kinds that are files: one module under a package is one kind, and the file's name is its key in YAML.

``Registry("chaoskit.dns.faults")`` finds ``empty`` in ``chaoskit/dns/faults/empty.py``, where the class is called
``Empty`` (``no_edns`` gives ``NoEdns``). Adding a kind is adding one file. A module that does not hold its class is an error that
surfaces at once, so a broken plug-in cannot disappear.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cached_property
from importlib.metadata import entry_points
from typing import Any

from chaoskit.errors import PluginError

GROUP = "chaoskit.faults"
"""The entry point group by which another package brings faults: ``dns.KIND``, ``network.KIND``, ``service.KIND``, ``process.KIND``."""


class Registry:
    """The kinds under one package, loaded one by one on demand. ``folders``: a kind is a folder, and files are not kinds.

    ``plugins`` opens it to other packages, which name a module in the entry point group ``chaoskit.faults`` as ``PLUGINS.KIND``, for
    example ``dns.ttl_jitter = "my_package.ttl_jitter"``. Such a module is as one of ours: its own name is the kind.
    """

    def __init__(self, package: str, *, folders: bool = False, plugins: str = "") -> None:
        self.package = package
        self._folders = folders
        self._plugins = plugins

    @cached_property
    def modules(self) -> dict[str, str]:
        """The module of each kind, not yet imported. Raises ``PluginError`` for a plug-in that cannot be a kind here."""
        path = importlib.import_module(self.package).__path__
        files = (module for module in pkgutil.iter_modules(path) if module.ispkg or not self._folders)
        modules = {module.name: f"{self.package}.{module.name}" for module in files if not module.name.startswith("_")}
        for entry in entry_points(group=GROUP) if self._plugins else ():
            plane, _, kind = entry.name.partition(".")
            if plane != self._plugins:
                continue
            if kind in modules:
                raise PluginError(
                    f"the plug-in {entry.value} brings {entry.name}, which there is already: {modules[kind]}"
                )
            if entry.value.rpartition(".")[2] != kind:
                raise PluginError(f"the plug-in {entry.name} is the module {entry.value}; call the module {kind}")
            modules[kind] = entry.value
        return modules

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """All kinds, sorted; finds them without importing them."""
        return tuple(sorted(self.modules))

    def get(self, kind: str) -> Any:
        """The class of ``kind``. Raises ``KeyError`` with the nearest known kind in its message."""
        if kind not in self.kinds:
            raise KeyError(self.unknown(kind))
        module = importlib.import_module(self.modules[kind])
        return getattr(module, "".join(part.capitalize() for part in kind.split("_")))

    def read(self, written: Any, what: str) -> tuple[str, Any]:
        """Kind and parameters of ``kind`` or ``{kind: parameters}``, as people write them. Raises ``NoKind``; ``what`` it is not."""
        kind, parameters = (
            next(iter(written.items())) if isinstance(written, dict) and len(written) == 1 else (written, {})
        )
        if not isinstance(kind, str):
            known = ", ".join(self.kinds)
            raise NoKind(
                f"{written!r} is no {what}.", f"Write a kind, or one kind with its parameters. Known: {known}."
            )
        if kind not in self.kinds:
            raise NoKind(f"there is no {what} {kind!r};", f"{self.unknown(kind)}.")
        return kind, {} if parameters is None else parameters

    def unknown(self, kind: str) -> str:
        """What to tell a user who wrote a kind that does not exist."""
        import difflib

        near = difflib.get_close_matches(kind, self.kinds, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"{hint}known: {', '.join(self.kinds)}"


class NoKind(ValueError):
    """What was written names no kind: ``message`` says so, ``fix`` what would be right."""

    def __init__(self, message: str, fix: str) -> None:
        self.message, self.fix = message, fix
        super().__init__(f"{message} {fix}")


def kind_of(thing: object) -> str:
    """The kind of an object whose class a registry holds: the name of the file that has its class."""
    return type(thing).__module__.rpartition(".")[2]
