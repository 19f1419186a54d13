"""YAML text to plain data, with the line of every field.

YAML 1.1's surprises are left out on purpose: ``on`` and ``no`` stay strings, dates stay strings, ``010`` is ten. Duplicate keys are errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chaoskit.errors import ExperimentError, FieldPath, InputError, Problem, dotted
from chaoskit.input_file import refuse_pipe

MAX_BYTES = 1_000_000
MAX_NODES = 50_000  # an alias bomb expands here, not in memory

LONGEST_INTEGER = 400
"""Characters; whatever is longer is left as text, for its field to refuse. (Python itself reads no more than 4300 digits.)"""

_INTEGER = re.compile(r"[-+]?\d+")
_NUMBER = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and where each field stands (1-based lines)."""

    path: str
    data: Any
    lines: dict[FieldPath, int]

    def line(self, field: FieldPath) -> int:
        """The line of ``field``, or of the nearest field around it that was written."""
        while field and field not in self.lines:
            field = field[:-1]
        return self.lines.get(field, 1)


def read_text(path: Path, what: str) -> str:
    """The text of a file that should be ``what`` (``an experiment``). Raises ``InputError`` where it cannot be read as text."""
    try:
        refuse_pipe(path, what)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:  # it may be one without an end, such as /dev/zero
            raise InputError(f"{path}: larger than {MAX_BYTES:,} bytes; is it {what}?")
        return data.decode()
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; name {what} in it") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text; is it {what}?") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def read_document(path: str, text: str) -> Document:
    """Parse ``text``. Raises ``ExperimentError`` naming ``path`` and line."""
    if len(text.encode()) > MAX_BYTES:
        raise ExperimentError(
            path, [Problem(0, "", f"the file is larger than {MAX_BYTES:,} bytes.", "Is it an experiment?")]
        )
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not valid YAML: {error.problem or error.context}."
        raise ExperimentError(path, [Problem(mark.line + 1 if mark else 0, "", message)]) from error
    except yaml.YAMLError as error:
        raise ExperimentError(path, [Problem(0, "", f"not valid YAML: {str(error).splitlines()[0]}.")]) from error
    except RecursionError as error:
        raise ExperimentError(path, [Problem(0, "", "nested too deeply.", "Is it an experiment?")]) from error
    if root is None:
        raise ExperimentError(
            path, [Problem(1, "", "the file is empty.", "Start one with: chaoskit init my-experiment.yaml")]
        )
    if not isinstance(root, yaml.MappingNode):
        content = "a list" if isinstance(root, yaml.SequenceNode) else "plain text"
        message = f"the file holds {content}, where fields with values belong."
        raise ExperimentError(path, [Problem(1, "", message, "Start one with: chaoskit init my-experiment.yaml")])
    walk = _Walk(path)
    data = walk.value(root, ())
    if walk.problems:
        raise ExperimentError(path, walk.problems)
    return Document(path, data, walk.lines)


class _Walk:
    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[FieldPath, int] = {}
        self.problems: list[Problem] = []
        self._count = 0

    def value(self, node: yaml.Node, field: FieldPath) -> Any:
        self._count += 1
        if self._count > MAX_NODES or len(field) > 50:
            raise ExperimentError(self.path, [Problem(node.start_mark.line + 1, "", "too many fields or too deep.")])
        self.lines.setdefault(field, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, field)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*field, number)) for number, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, field: FieldPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
                self.problems.append(Problem(line, dotted(field), "a key must be plain text."))
                continue
            key = key_node.value
            if key in mapping:
                self.problems.append(Problem(line, dotted((*field, key)), "written twice.", "Keep one of the two."))
            self.lines[(*field, key)] = line
            mapping[key] = self.value(value_node, (*field, key))
        return mapping


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text) and len(text) <= LONGEST_INTEGER:
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text
