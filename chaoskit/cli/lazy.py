"""A command group that knows its commands' names and summaries, and imports a command's module when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command


class CommandEntry(NamedTuple):
    """Where a command is, and the first line of its help."""

    target: str
    """``module:attribute`` below ``chaoskit.cli``: a function with typer's annotations, or a ``typer.Typer``."""
    summary: str


def new_app(summary: str | None = None, **settings: Any) -> typer.Typer:
    """A ``typer.Typer`` with the settings of this command line: plain help texts, no completion, tracebacks left to ``main``."""
    if summary is not None:
        settings["help"] = summary
    settings.setdefault("no_args_is_help", True)
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        **settings,
    )


def load_command(name: str, target: str) -> Any:
    """Import ``module:attribute`` and return it as a click command called ``name``."""
    module, _, attribute = target.partition(":")
    loaded: typer.Typer | Callable[..., object] = getattr(importlib.import_module(f"chaoskit.cli.{module}"), attribute)
    if not isinstance(loaded, typer.Typer):
        function, loaded = loaded, new_app()
        loaded.command(name)(function)
    command = get_command(loaded)
    command.name = name
    return command


class _LazyCommands(MutableMapping[str, Any]):
    """Commands by name; each is loaded at its first look-up and kept. Names alone load nothing."""

    def __init__(self, table: Mapping[str, CommandEntry]) -> None:
        self._table = table
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = load_command(name, self._table[name].target)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, name: object) -> bool:
        return name in self._table


def lazy_group(table: Mapping[str, CommandEntry]) -> type[TyperGroup]:
    """The class of a group with the commands of ``table``, in its order. Its help page imports none of them."""

    class LazyGroup(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = _LazyCommands(table)

        def list_commands(self, ctx: Any) -> list[str]:
            return list(table)

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            with formatter.section("Commands"):
                formatter.write_dl([(name, entry.summary) for name, entry in table.items()])

    return LazyGroup


def group_with_default(default: str) -> type[TyperGroup]:
    """The class of a group in which a first word that is no command of its own is an argument of the command ``default``."""

    class GroupWithDefault(TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            if args[0] in self.commands or args[0].startswith("-"):
                return super().resolve_command(ctx, args)
            return default, self.commands[default], args

    return GroupWithDefault
