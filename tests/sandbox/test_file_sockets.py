"""Unix sockets in the file system: which are found, and what ``--allow`` may name."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoskit.errors import InputError
from chaoskit.sandbox.file_sockets import find_sockets, parse_socket


@pytest.fixture
def listening() -> Iterator[str]:
    """A socket as key agents make theirs: in a folder of its own below the temporary one."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = f"{folder}/agent.1"
        listener.bind(path)
        listener.listen()
        yield os.path.realpath(path)


def test_what_listens_is_found(listening: str) -> None:
    assert listening in find_sockets({})


def test_a_link_to_it_is_the_same_socket(listening: str, tmp_path: Path) -> None:
    link = tmp_path / "link.sock"
    link.symlink_to(listening)
    assert parse_socket(str(link)) == listening
    assert find_sockets({"SSH_AUTH_SOCK": str(link)}).count(listening) == 1


@pytest.mark.parametrize("written", ["{}", "unix://{}", "unix:path={},guid=1"])
def test_what_a_variable_names_is_found(written: str, tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as unheard:
        here = os.open(deep, os.O_PATH)
        unheard.bind(f"/proc/self/fd/{here}/s")  # the kernel's list then has a name that leads nowhere
        os.close(here)
    path = str((deep / "s").resolve())
    if len(path) < 108:
        assert path in find_sockets({"PLACE": written.format(path)})


def test_what_is_no_socket_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"it is no socket; give the path of a Unix socket, or HOST:PORT"):
        parse_socket(str(tmp_path / "file"))
    with pytest.raises(InputError, match="there is no such file"):
        parse_socket(str(tmp_path / "none"))
