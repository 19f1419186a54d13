"""What a running container is asked about, from ``docker inspect`` alone."""

from __future__ import annotations

from typing import Any

import pytest

from chaoskit.compose.examine import aliases, examine
from chaoskit.errors import HarnessError, InputError
from tests.compose.engines import Engine, container


def test_links_are_names_that_docker_answers() -> None:
    web: dict[str, Any] = container("web")
    web["NetworkSettings"]["Networks"]["shop_default"]["Links"] = ["shop-db-1:Dynamodb.us-east-1.amazonaws.com"]
    assert aliases(Engine(web), web) == {"dynamodb.us-east-1.amazonaws.com": "shop-db-1"}


class NoSuch(Engine):
    """An engine that says of an unknown container what Docker says."""

    def inspect(self, *names: str, kind: str = "container") -> list[dict[str, Any]]:
        if not (known := super().inspect(*names, kind=kind)):
            raise HarnessError(f"docker inspect: Error: No such container: {names[0]}")
        return known


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("no-such", "there is no container 'no-such'"), ("id-web-1", "does not run; start it first")],
)
def test_nothing_is_built_for_a_container_out_of_reach(name: str, complaint: str) -> None:
    def build() -> str:
        raise AssertionError("a minute of building before the complaint")

    with pytest.raises(InputError, match=complaint):
        examine(NoSuch(container("web", status="exited")), build, name, [])
