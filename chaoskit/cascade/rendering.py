"""The templates of the cascade's pages, filled: one self-contained HTML file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaoskit.page_templates import page_environment


def render(template: str, **values: Any) -> str:
    """The HTML of ``template``; a name that it wants and is not given is an error."""
    environment = page_environment(Path(__file__).parent / "templates")
    return environment.get_template(template).render(**values)
