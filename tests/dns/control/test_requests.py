"""What a request says wrongly is named with its field and what would be right."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.control.requests import BadRequest, read_injection, read_zones
from chaoskit.units import MILLISECOND, SECOND

GOOD: dict[str, Any] = {"fault": {"delay": {"by": "200ms"}}, "where": {"name": "API.example.com.", "types": ["a"]}}


def test_a_good_request() -> None:
    new = read_injection(GOOD | {"for": "30s", "heartbeat": "5s", "chance": 0.5, "id": "mine"})
    assert (new.where.name, new.where.types) == ("api.example.com", ("A",))
    assert (new.length_ns, new.heartbeat_ns, new.chance, new.id) == (30 * SECOND, 5 * SECOND, 0.5, "mine")
    assert getattr(new.fault, "by", None) == 200 * MILLISECOND
    assert new.written == {"delay": {"by": "200ms"}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fault": "emty"}, "fault: there is no fault 'emty'; did you mean 'empty'?"),
        ({"fault": ["empty"]}, r"fault: \['empty'\] is no fault. Write a kind"),
        (
            {"fault": {"delay": {"byy": "1s", "by": "1s"}}},
            r"fault\.delay\.byy: there is no such field\. Did you mean 'by'\?",
        ),
        ({"fault": "delay"}, "fault.delay.by: is missing"),
        ({"fault": {"delay": {"by": 200}}}, "fault.delay.by: a duration needs a unit"),
        ({"fault": {"empty": 3}}, "fault.empty"),
        ({"where": {"nam": "x"}}, "where.nam: there is no such field. Did you mean 'name'?"),
        ({"where": {"name": "x", "types": ["HAT"]}}, "where: HAT is no record type"),
        ({"where": "a..b"}, "where: .* has an empty label"),
        ({"for": "soon"}, "for: 'soon' is not a duration"),
        ({"chance": 0}, "chance: Input should be greater than 0"),
        ({"id": "9 lives"}, "id: "),
        ({"whom": 1}, "whom: there is no such field. Known: fault, where, for"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        read_injection(GOOD | change)


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(BadRequest) as caught:
        read_injection({"fault": "emty", "where": "a..b"})
    assert [finding.field for finding in caught.value.findings] == ["fault", "where"]


def test_zones_in_both_forms() -> None:
    found = read_zones(
        {
            "zones": {"a.test": {"negative_ttl": "5s", "records": {"a.test": {"ttl": "1s", "A": "192.0.2.1"}}}},
            "master_files": {"b.test": "www 5 A 192.0.2.2\n"},
        }
    )
    assert list(found.zones) == ["a.test", "b.test"]
    with pytest.raises(BadRequest, match=r"the zone a\.test is written twice"):
        read_zones({"zones": {"a.test": {"records": {}}}, "master_files": {"a.test": "www 5 A 192.0.2.2\n"}})
    with pytest.raises(BadRequest, match=r"zones: b\.test:1: 'soon' is no TTL"):
        read_zones({"master_files": {"b.test": "$TTL soon"}})
    with pytest.raises(BadRequest, match="CNAME beside other data"):
        read_zones({"zones": {"a.test": {"records": {"x.a.test": {"A": "192.0.2.1", "CNAME": "y.test"}}}}})
    with pytest.raises(BadRequest, match="is no valid data"):
        read_zones({"zones": {"a.test": {"records": {"x.a.test": {"A": "192.0.2.300"}}}}})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["empty", "1s", "a.test", ""])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "fault",
                    "where",
                    "for",
                    "chance",
                    "id",
                    "name",
                    "types",
                    "empty",
                    "delay",
                    "by",
                    "zones",
                    "master_files",
                    "records",
                    "A",
                    "ttl",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_request_or_bad(plain: Any) -> None:
    for reader in (read_injection, read_zones):
        try:
            reader(plain)
        except BadRequest as error:
            assert error.findings
