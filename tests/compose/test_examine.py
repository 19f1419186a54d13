"""What a running container is asked about, from ``docker inspect`` alone."""

from __future__ import annotations

from typing import Any

from chaoskit.compose.examine import aliases
from tests.compose.engines import Engine, container


def test_links_are_names_that_docker_answers() -> None:
    web: dict[str, Any] = container("web")
    web["NetworkSettings"]["Networks"]["shop_default"]["Links"] = ["shop-db-1:Dynamodb.us-east-1.amazonaws.com"]
    assert aliases(Engine(web), web) == {"dynamodb.us-east-1.amazonaws.com": "shop-db-1"}
