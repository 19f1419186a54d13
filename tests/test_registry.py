from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoskit.registry import Registry


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with a good kind, a broken one, a private module and a folder."""
    root = tmp_path / "some_kinds"
    (root / "in_folder").mkdir(parents=True)
    (root / "__init__.py").touch()
    (root / "no_edns.py").write_text("class NoEdns: pass\n")
    (root / "broken.py").write_text("import no_such_module_anywhere\n")
    (root / "misnamed.py").write_text("class Other: pass\n")
    (root / "_shared.py").touch()
    (root / "in_folder" / "__init__.py").write_text("class InFolder: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "some_kinds"
    for name in [name for name in sys.modules if name.startswith("some_kinds")]:
        del sys.modules[name]


def test_a_kind_is_a_file_and_its_class_is_named_after_it(package: str) -> None:
    registry = Registry(package)
    assert registry.kinds == ("broken", "in_folder", "misnamed", "no_edns")
    assert registry.get("no_edns").__name__ == "NoEdns"


def test_finding_the_kinds_imports_none_of_them(package: str) -> None:
    assert Registry(package).kinds
    assert "some_kinds.broken" not in sys.modules


def test_with_folders_a_file_is_not_a_kind(package: str) -> None:
    registry = Registry(package, folders=True)
    assert registry.kinds == ("in_folder",)
    assert registry.get("in_folder").__name__ == "InFolder"
    with pytest.raises(KeyError):
        registry.get("no_edns")


def test_a_broken_kind_does_not_disappear(package: str) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        Registry(package).get("broken")
    with pytest.raises(AttributeError, match="Misnamed"):
        Registry(package).get("misnamed")


def test_an_unknown_kind_is_told_its_nearest(package: str) -> None:
    with pytest.raises(KeyError, match="did you mean 'no_edns'"):
        Registry(package).get("no_edsn")
    assert Registry(package).unknown("zzz") == "known: broken, in_folder, misnamed, no_edns"


def test_a_private_module_cannot_be_named(package: str) -> None:
    with pytest.raises(KeyError):
        Registry(package).get("_shared")


@pytest.mark.parametrize("package_name", ["chaoskit.clients", "chaoskit.expect"])
def test_every_kind_that_is_shipped_holds_its_class(package_name: str) -> None:
    registry = Registry(package_name, folders=package_name == "chaoskit.clients")
    assert registry.kinds
    for kind in registry.kinds:
        assert isinstance(registry.get(kind), type)
