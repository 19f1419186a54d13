"""The house rules as tests. Each message names the way out."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "chaoskit"
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LAYERS: dict[str, int] = {
    "errors": 0, "units": 0, "clock": 0, "seeds": 0, "registry": 0, "interruption": 0, "printable": 0, "strict": 0,
    "host_port": 0, "page_templates": 0, "input_file": 0, "intervals": 0,
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


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def part_of(path: Path) -> str:
    return relative(path).split("/")[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[int, str]]:
    """(line, module) of every import in the file, those inside functions included."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the import absolute: from chaoskit.… import …"
            found.append((node.lineno, node.module or ""))
    return found


def test_every_part_has_a_layer() -> None:
    parts = {part_of(path) for path in FILES} - {"__init__", "__main__"}
    assert parts <= set(LAYERS), f"give these a layer in LAYERS and in ARCHITECTURE.md: {parts - set(LAYERS)}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_imports_point_up_the_layers(path: Path) -> None:
    mine = part_of(path)
    if mine in ("__init__", "__main__"):
        return
    for line, module in imports(path):
        if not module.startswith("chaoskit."):
            continue
        other = module.split(".")[1]
        if other == mine:
            continue
        assert LAYERS[other] <= LAYERS[mine], (
            f"{relative(path)}:{line}: {mine} (layer {LAYERS[mine]}) imports {other} (layer {LAYERS[other]}); "
            "move what is shared to a lower layer, or let the runner wire the two"
        )
        if LAYERS[mine] >= 2:
            assert LAYERS[other] < LAYERS[mine] or mine == "cli", (
                f"{relative(path)}:{line}: {mine} and {other} are of one layer and must not import each other; "
                "let the runner (engine/runner.py) or the command line wire them"
            )


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_third_parties_stay_behind_their_adapter(path: Path) -> None:
    for line, module in imports(path):
        homes = ADAPTERS.get(module.split(".")[0])
        assert homes is None or relative(path).startswith(homes), (
            f"{relative(path)}:{line}: only {' and '.join(homes or ())} may import {module}; ask it for what you need"
        )


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    lines = text.count("\n")
    assert lines <= MAX_FILE_LINES, (
        f"{relative(path)} has {lines} lines; is there a second thing inside that wants its own file?"
    )
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, (
                f"{relative(path)}:{node.lineno}: {node.name} has {length} lines; name its steps"
            )


def local_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of every variable and parameter; fields of classes are none."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    fields = {id(entry.target) for node in classes for entry in node.body if isinstance(entry, ast.AnnAssign)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields:
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


@pytest.mark.parametrize("path", [path for path in FILES if part_of(path) in PLAINLY_NAMED], ids=relative)
def test_local_variables_are_named_for_what_they_hold(path: Path) -> None:
    for line, name in local_names(ast.parse(path.read_text())):
        assert name not in UNTELLING_NAMES, (
            f"{relative(path)}:{line}: {name!r} says how it came; name it for what it holds, such as records or message"
        )


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_of_tests_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert len(node.name) <= MAX_TEST_NAME, (
                f"{path.name}:{node.lineno}: {node.name} has {len(node.name)} characters; say it in {MAX_TEST_NAME}"
            )


@pytest.mark.parametrize("path", FILES + TESTS, ids=str)
def test_nothing_sleeps_blindly(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep":
            pytest.fail(
                f"{path.name}:{node.lineno}: wait for a condition (an event, a ready line, a readable socket), not for time"
            )


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_drawer_for_everything(path: Path) -> None:
    assert path.stem not in ("utils", "helpers", "common", "misc"), (
        f"{relative(path)}: name the file after what is in it"
    )


@pytest.mark.parametrize(
    "path", [path for path in FILES if part_of(path) in ("cascade", "expect", "timeline", "journal")], ids=relative
)
def test_policies_read_no_clock(path: Path) -> None:
    clocks = re.compile(r"\btime\.(time|monotonic|perf_counter)|\bdatetime\.now|\brandom\.(random|choice|randint)\(")
    found = clocks.search(path.read_text())
    assert not found, (
        f"{relative(path)}: {found and found.group()}: a policy gets the instant and the generator handed in"
    )


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
