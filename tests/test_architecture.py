"""The house rules as tests. Each message names the way out."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "chaoskit"
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LAYERS: dict[str, int] = {
    "errors": 0, "units": 0, "spread": 0, "clock": 0, "seeds": 0, "registry": 0, "interruption": 0, "printable": 0, "strict": 0,
    "host_port": 0, "page_templates": 0, "input_file": 0, "fold": 0,
    "in_process": 0, "in_process_moto": 0,
    "journal": 1, "timeline": 1, "verdict": 1, "child": 1, "sim": 1, "charts": 1,
    "dns": 2, "network": 2, "aws": 2, "process": 2, "clients": 2, "expect": 2,
    "race": 3, "cascade": 3,
    "sandbox": 4, "experiment": 4,
    "report": 5, "console": 5,
    "engine": 6,
    "search": 7, "lab": 7, "survey": 7, "compose": 7, "drill": 7, "hunt": 7,
    "cli": 8, "pytest_plugin": 8,
}  # fmt: skip

# A third party sits behind one file (or one folder), so that it can be replaced, and is loaded only where it is used.
ADAPTERS: dict[str, tuple[str, ...]] = {
    "msgspec": ("journal/",),
    "dnslib": ("dns/codec.py",),
    "dns": ("dns/presentation.py",),
    "re2": ("dns/pattern.py", "expect/_pattern.py"),
    "toxiproxy": ("network/toxiproxy.py",),
    "moto": ("aws/service.py",),
    "docker": ("sandbox/docker.py",),
    "trustme": ("aws/certificates.py",),
    "boto3": ("clients/boto3/", "cascade/live/"),
    "botocore": ("clients/boto3/", "cascade/live/", "aws/rule_sets.py"),
    "cheroot": ("aws/",),
    "starlette": ("dns/control/", "console/web/"),
    "uvicorn": ("dns/control/http.py", "dns/control/connections.py"),
    "prometheus_client": ("dns/control/metrics.py", "network/embedded/metrics.py"),
    "psycopg": ("clients/postgres/",),
    "redis": ("clients/redis/",),
    "aiohttp": ("clients/aiohttp/",),
    "aiodns": ("clients/aiohttp/",),
    "pycares": ("clients/aiohttp/",),
    "h11": ("network/embedded/http.py", "clients/http/"),
}

# A local variable is named for what it holds, not for how it came. Packages that keep to it:
PLAINLY_NAMED = (
    "charts", "cli", "clients", "compose", "console", "drill", "engine", "expect", "experiment", "hunt", "journal", "lab", "report",
    "sandbox", "search", "survey", "timeline",
)  # fmt: skip
UNTELLING_NAMES = {"found", "kept", "made", "one", "said", "seen", "told", "wanted"}

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_TEST_NAME = 60


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@dataclass(frozen=True)
class Source:
    """A file of the package or of its tests, read and parsed once for all rules."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """As ADAPTERS names it: below the package, or below the repository."""
        return self.path.relative_to(PACKAGE if self.path.is_relative_to(PACKAGE) else ROOT).as_posix()

    @property
    def part(self) -> str:
        return self.name.split("/")[0].removesuffix(".py")

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def imports(self) -> Iterator[tuple[int, str]]:
        """(line, module) of every import, those inside functions included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, "." * node.level + (node.module or "")


def test_every_part_has_a_layer() -> None:
    parts = {part_of(path) for path in FILES} - {"__init__", "__main__"}
    assert parts <= set(LAYERS), f"give these a layer in LAYERS and in ARCHITECTURE.md: {parts - set(LAYERS)}"


Breaches: TypeAlias = Iterator[tuple[int, str]]
"""Lines of one file that break a rule, each with the way out."""


def imports_point_up_the_layers(source: Source) -> Breaches:
    mine = source.part
    for line, module in source.imports():
        if module.startswith("."):
            yield line, "write the import absolute: from chaoskit.… import …"
        if mine in ("__init__", "__main__") or not module.startswith("chaoskit."):
            continue
        other = module.split(".")[1]
        if LAYERS[other] > LAYERS[mine]:
            yield (
                line,
                (
                    f"{mine} (layer {LAYERS[mine]}) imports {other} (layer {LAYERS[other]}); "
                    "move what is shared to a lower layer, or let the runner wire the two"
                ),
            )
        elif other != mine and LAYERS[mine] >= 2 and LAYERS[other] == LAYERS[mine] and mine != "cli":
            yield (
                line,
                (
                    f"{mine} and {other} are of one layer and must not import each other; "
                    "let the runner (engine/runner.py) or the command line wire them"
                ),
            )


def third_parties_stay_behind_their_adapter(source: Source) -> Breaches:
    for line, module in source.imports():
        homes = ADAPTERS.get(module.split(".")[0])
        if homes and not source.name.startswith(homes):
            yield line, f"only {' and '.join(homes)} may import {module}; ask it for what you need"


def files_and_functions_stay_small(source: Source) -> Breaches:
    lines = source.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield lines, f"{lines} lines; is there a second thing inside that wants its own file?"
    for function in source.functions():
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield function.lineno, f"{function.name} has {length} lines; name its steps"


def local_variables_are_named_for_what_they_hold(source: Source) -> Breaches:
    if source.part not in PLAINLY_NAMED:
        return
    classes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
    fields = {id(entry.target) for node in classes for entry in node.body if isinstance(entry, ast.AnnAssign)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields:
            name = node.id
        elif isinstance(node, ast.arg):
            name = node.arg
        else:
            continue
        if name in UNTELLING_NAMES:
            yield node.lineno, f"{name!r} says how it came; name it for what it holds, such as records or message"


def nothing_sleeps_blindly(source: Source) -> Breaches:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep":
            yield node.lineno, "wait for a condition (an event, a ready line, a readable socket), not for time"


def no_drawer_for_everything(source: Source) -> Breaches:
    if source.path.stem in ("utils", "helpers", "common", "misc"):
        yield 1, "name the file after what is in it"


def policies_read_no_clock(source: Source) -> Breaches:
    if source.part not in ("cascade", "expect", "timeline", "journal"):
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        if clock := CLOCKS.search(line):
            yield number, f"{clock.group()}: a policy gets the instant and the generator handed in"


def names_of_tests_are_short(source: Source) -> Breaches:
    for function in source.functions():
        if function.name.startswith("test_") and len(function.name) > MAX_TEST_NAME:
            yield function.lineno, f"{function.name} has {len(function.name)} characters; say it in {MAX_TEST_NAME}"


CLOCKS = re.compile(r"\btime\.(time|monotonic|perf_counter)|\bdatetime\.now|\brandom\.(random|choice|randint)\(")
RULES_OF_TESTS = (nothing_sleeps_blindly, names_of_tests_are_short)
RULES = (
    imports_point_up_the_layers, third_parties_stay_behind_their_adapter, files_and_functions_stay_small,
    local_variables_are_named_for_what_they_hold, nothing_sleeps_blindly, no_drawer_for_everything, policies_read_no_clock,
)  # fmt: skip


def breaches(paths: Iterable[Path], rules: Sequence[Callable[[Source], Breaches]]) -> str:
    lines = []
    for path in paths:
        text = path.read_text()
        source = Source(path, text, ast.parse(text))
        lines += [f"{source.name}:{line}: {way_out}" for rule in rules for line, way_out in rule(source)]
    return "\n".join(lines)


@pytest.mark.parametrize("part", sorted({part_of(path) for path in FILES}))
def test_each_part_keeps_the_rules(part: str) -> None:
    broken = breaches([path for path in FILES if part_of(path) == part], RULES)
    assert not broken, broken


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in TESTS}), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_the_tests_keep_the_rules(folder: Path) -> None:
    broken = breaches([path for path in TESTS if path.parent == folder], RULES_OF_TESTS)
    assert not broken, broken


@pytest.mark.parametrize(
    ("place", "text", "way_out"),
    [
        ("dns/answer.py", "from chaoskit.cli import run", "imports cli"),
        ("dns/answer.py", "from chaoskit.aws import front", "are of one layer"),
        ("dns/answer.py", "from . import codec", "absolute"),
        ("dns/answer.py", "def f():\n    import boto3", "may import boto3"),
        ("dns/answer.py", "x = 1\n" * 401, "its own file"),
        ("dns/answer.py", "def f():\n" + "    x = 1\n" * 60, "name its steps"),
        ("expect/share.py", "def f(found): ...", "says how it came"),
        ("dns/answer.py", "time.sleep(1)", "not for time"),
        ("dns/utils.py", "", "name the file"),
        ("expect/share.py", "now = time.monotonic()", "handed in"),
    ],
)
def test_a_breach_is_told(place: str, text: str, way_out: str) -> None:
    source = Source(PACKAGE / place, text, ast.parse(text))
    assert [told for rule in RULES for _, told in rule(source) if way_out in told]


def test_importing_chaoskit_is_free() -> None:
    """``import chaoskit`` and ``chaoskit --help`` load no heavy third party."""
    heavy = "boto3 botocore moto cheroot dnslib dns toxiproxy docker pydantic yaml rich.live jinja2 requests trustme numpy re2"
    code = f"import sys, chaoskit.cli; print([name for name in {heavy.split()!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]", "import it inside the function that needs it"


def test_the_package_page_of_architecture_names_every_package() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for part in {part_of(path) for path in FILES} - {"__init__", "__main__"}:
        assert f"`{part}" in text, f"ARCHITECTURE.md has no line for {part}"
