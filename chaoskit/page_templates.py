"""How pages are made of their templates: the same rules for every page, and nothing is loaded before a page is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


def page_environment(*folders: Path) -> jinja2.Environment:
    """The jinja2 environment of the templates in ``folders``: values are escaped, and a name that is not given is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
