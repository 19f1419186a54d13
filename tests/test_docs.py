"""The pages of docs/: each can be found, and the glossary stays short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
WORDS_MAX = 30


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md") if path.name != "README.md"))
def test_the_index_has_one_line_for_each_page(page: str) -> None:
    lines = [line for line in (DOCS / "README.md").read_text().splitlines() if f"]({page})" in line]
    assert len(lines) == 1, f"give docs/{page} one line in docs/README.md"
    assert re.fullmatch(rf"- \[.+\]\({re.escape(page)}\): .+\.", lines[0]), f"write: - [Title]({page}): what it holds."


def test_the_glossary_explains_each_word_once_and_at_most_thirty() -> None:
    words = re.findall(r"^\| (.+?) \| ", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    entries = [word for word in words if word != "word"]
    assert len(words) == len(entries) + 2, "the field's words are one table, ours the other"
    assert len(set(entries)) == len(entries) <= WORDS_MAX


def test_the_readme_leads_to_the_index_and_the_glossary() -> None:
    text = (ROOT / "README.md").read_text()
    assert "](docs/README.md)" in text
    assert "](docs/glossary.md)" in text
