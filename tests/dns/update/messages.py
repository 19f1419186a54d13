"""A table of update messages, put to our server and to BIND alike.

Each is built by dnspython, or from bare records where it must be wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.update

IN, NONE, ANY = 1, 254, 255
APEX = "u.test"

RECORDS = [
    ("", "NS", "ns.u.test."),
    ("", "NS", "ns.elsewhere.test."),
    ("", "MX", "10 mail.u.test."),
    ("ns", "A", "192.0.2.53"),
    ("mail", "A", "192.0.2.25"),
    ("a", "A", "192.0.2.1"),
    ("a", "A", "192.0.2.2"),
    ("a", "TXT", '"one" "two"'),
    ("c", "CNAME", "a.u.test."),
    ("deep.ent", "A", "192.0.2.3"),
    ("*.wild", "A", "192.0.2.4"),
    ("v6", "AAAA", "2001:db8::1"),
    ("s", "SRV", "1 2 53 ns.u.test."),
    ("odd", "TYPE65400", "\\# 3 010203"),
    ("sub", "NS", "ns.sub.u.test."),
    ("ns.sub", "A", "192.0.2.54"),
]
TTL = 60
SERIAL = 10


def plan(apex: str = APEX) -> dict[str, Any]:
    """Our server's plan of the zone."""
    soa = {"mname": f"ns.{apex}.", "rname": f"root.{apex}.", "serial": SERIAL, "minimum": 30, "ttl": 30}
    records = [
        {"name": f"{label}.{apex}" if label else apex, "rtype": rtype, "ttl": TTL, "data": data.replace(APEX, apex)}
        for label, rtype, data in RECORDS
    ]
    return {"apex": apex, "soa": soa, "records": records}


def master_file(apex: str) -> str:
    """The same for BIND."""
    lines = [f"$ORIGIN {apex}.", f"@ 30 IN SOA ns.{apex}. root.{apex}. {SERIAL} 7200 900 1209600 30"]
    lines += [f"{label or '@'} {TTL} IN {rtype} {data.replace(APEX, apex)}" for label, rtype, data in RECORDS]
    return "\n".join(lines) + "\n"


Message = dns.update.UpdateMessage


@dataclass(frozen=True)
class Case:
    """A message, and the RCODE of its answer."""

    id: str
    rcode: str
    build: Callable[[str], bytes]


CASES: list[Case] = []


def case(rcode: str) -> Callable[[Callable[[Message], object]], None]:
    """A case that fills in a message for the zone; named after the function."""

    def add(fill: Callable[[Message], object]) -> None:
        def build(apex: str) -> bytes:
            message = Message(apex)
            message.id = 4711
            fill(message)
            return bytes(message.to_wire())

        CASES.append(Case(fill.__name__, rcode, build))

    return add


def bare(name: str, rtype: str, rclass: int, ttl: int = 0, data: str | None = None) -> Callable[[str], bytes]:
    """One record, as wrong as it may be."""

    def wire(apex: str) -> bytes:
        owner = dns.name.from_text(name if name.endswith(".") else f"{name}.{apex}.").to_wire()
        number = dns.rdatatype.from_text(rtype)
        rdata: bytes | None = b""
        if data is not None:
            rdata = dns.rdata.from_text(dns.rdataclass.IN, number, data.replace(APEX, apex)).to_wire()
        assert owner is not None
        assert rdata is not None
        return bytes(owner) + struct.pack("!HHIH", number, rclass, ttl, len(rdata)) + bytes(rdata)

    return wire


def raw(
    id_: str,
    rcode: str,
    *,
    need: tuple[Callable[[str], bytes], ...] = (),
    do: tuple[Callable[[str], bytes], ...] = (),
    zone: Callable[[str], bytes] | None = None,
    zones: int = 1,
    tail: bytes = b"",
) -> None:
    """A case made of bare records."""

    def build(apex: str) -> bytes:
        name = dns.name.from_text(apex).to_wire()
        assert name is not None
        section = zone(apex) if zone else bytes(name) + struct.pack("!HH", 6, IN)
        body = b"".join(record(apex) for record in (*need, *do))
        return struct.pack("!6H", 4711, 0x2800, zones, len(need), len(do), 0) + section + body + tail

    CASES.append(Case(id_, rcode, build))


def question(name: str, rtype: int, rclass: int) -> Callable[[str], bytes]:
    return lambda apex: (
        bytes(dns.name.from_text(name.replace("@", apex)).to_wire() or b"") + struct.pack("!HH", rtype, rclass)
    )


# What a message may ask for first (RFC 2136 §2.4).


@case("NOERROR")
def name_in_use_and_it_is(m: Message) -> None:
    m.present("a")
    m.add("new", 60, "A", "192.0.2.9")


@case("NXDOMAIN")
def name_in_use_and_it_is_not(m: Message) -> None:
    m.present("nobody")
    m.add("new", 60, "A", "192.0.2.9")


@case("NXDOMAIN")
def name_in_use_with_names_below_it_only(m: Message) -> None:
    m.present("ent")
    m.add("new", 60, "A", "192.0.2.9")


@case("NXDOMAIN")
def name_in_use_by_a_wildcard_only(m: Message) -> None:
    m.present("x.wild")
    m.add("new", 60, "A", "192.0.2.9")


@case("NOERROR")
def name_not_in_use_and_it_is_not(m: Message) -> None:
    m.absent("nobody")
    m.add("nobody", 60, "A", "192.0.2.9")


@case("YXDOMAIN")
def name_not_in_use_and_it_is(m: Message) -> None:
    m.absent("a")
    m.add("new", 60, "A", "192.0.2.9")


@case("NOERROR")
def name_not_in_use_with_names_below_it_only(m: Message) -> None:
    m.absent("ent")
    m.add("ent", 60, "A", "192.0.2.9")


@case("NOERROR")
def set_exists_and_it_does(m: Message) -> None:
    m.present("a", "TXT")
    m.delete("a", "TXT")


@case("NXRRSET")
def set_exists_and_it_does_not(m: Message) -> None:
    m.present("a", "AAAA")
    m.delete("a", "A")


@case("NXRRSET")
def set_exists_at_no_name(m: Message) -> None:
    m.present("nobody", "A")
    m.delete("a", "A")


@case("NOERROR")
def set_does_not_exist_and_it_does_not(m: Message) -> None:
    m.absent("a", "AAAA")
    m.add("a", 60, "AAAA", "2001:db8::9")


@case("YXRRSET")
def set_does_not_exist_and_it_does(m: Message) -> None:
    m.absent("a", "A")
    m.delete("a", "A")


@case("NOERROR")
def set_is_exactly_so(m: Message) -> None:
    m.present("a", "A", "192.0.2.2", "192.0.2.1")
    m.replace("a", 60, "A", "192.0.2.7")


@case("NXRRSET")
def set_has_one_more(m: Message) -> None:
    m.present("a", "A", "192.0.2.1")
    m.replace("a", 60, "A", "192.0.2.7")


@case("NXRRSET")
def set_has_one_less(m: Message) -> None:
    m.present("a", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    m.replace("a", 60, "A", "192.0.2.7")


@case("NXRRSET")
def set_is_another(m: Message) -> None:
    m.present("v6", "AAAA", "2001:db8::2")
    m.delete("v6")


@case("NOERROR")
def set_of_names_in_other_letters(m: Message) -> None:
    m.present("c", "CNAME", f"A.{m.origin}".upper())
    m.delete("c")


@case("NOERROR")
def set_of_text_in_its_strings(m: Message) -> None:
    m.present("a", "TXT", '"one" "two"')
    m.delete("a", "TXT")


@case("NXRRSET")
def set_of_text_in_other_strings(m: Message) -> None:
    m.present("a", "TXT", '"onetwo"')
    m.delete("a", "TXT")


@case("YXDOMAIN")
def the_first_wrong_prerequisite_decides(m: Message) -> None:
    m.absent("a")
    m.present("nobody")
    m.add("new", 60, "A", "192.0.2.9")


@case("NXDOMAIN")
def presence_comes_before_exact_sets(m: Message) -> None:
    m.present("a", "A", "192.0.2.9")
    m.present("nobody")


raw("prerequisite with a TTL", "FORMERR", need=(bare("a", "ANY", ANY, ttl=1),), do=(bare("a", "A", ANY),))
raw("prerequisite with data it may not have", "FORMERR", need=(bare("a", "A", ANY, data="192.0.2.1"),))
raw("prerequisite of another class", "FORMERR", need=(bare("a", "A", 3, data="192.0.2.1"),))
raw("prerequisite outside the zone", "NOTZONE", need=(bare("outside.test.", "ANY", ANY),))
raw("absence with data", "FORMERR", need=(bare("a", "A", NONE, data="192.0.2.1"),))

# What a message may do (RFC 2136 §2.5), and what is passed over in silence (§3.4.2).


@case("NOERROR")
def nothing_at_all(m: Message) -> None:
    pass


@case("NOERROR")
def add_to_a_new_name(m: Message) -> None:
    m.add("x.y", 300, "A", "192.0.2.9")


@case("NOERROR")
def add_to_a_set(m: Message) -> None:
    m.add("a", 60, "A", "192.0.2.9")


@case("NOERROR")
def add_with_another_ttl_gives_it_to_the_set(m: Message) -> None:
    m.add("a", 7, "A", "192.0.2.9")


@case("NOERROR")
def add_what_is_there(m: Message) -> None:
    m.add("a", 60, "A", "192.0.2.1")


@case("NOERROR")
def add_what_is_there_with_another_ttl(m: Message) -> None:
    m.add("a", 7, "A", "192.0.2.1")


@case("NOERROR")
def add_a_name_in_other_letters(m: Message) -> None:
    m.add("c", 60, "CNAME", f"A.{m.origin}".upper())


@case("NOERROR")
def add_a_cname_beside_data(m: Message) -> None:
    m.add("a", 60, "CNAME", "elsewhere.test.")


@case("NOERROR")
def add_data_beside_a_cname(m: Message) -> None:
    m.add("c", 60, "A", "192.0.2.9")


@case("NOERROR")
def add_another_cname(m: Message) -> None:
    m.add("c", 60, "CNAME", "elsewhere.test.")


@case("NOERROR")
def data_gives_way_to_a_cname(m: Message) -> None:
    m.delete("a")
    m.add("a", 60, "CNAME", "elsewhere.test.")


@case("NOERROR")
def add_an_soa_that_is_newer(m: Message) -> None:
    m.add("@", 30, "SOA", f"ns.{m.origin} root.{m.origin} 100 1 2 3 4")


@case("NOERROR")
def add_an_soa_that_is_older(m: Message) -> None:
    m.add("@", 30, "SOA", f"ns.{m.origin} root.{m.origin} 9 1 2 3 4")


@case("NOERROR")
def add_an_soa_elsewhere(m: Message) -> None:
    m.add("a", 30, "SOA", f"ns.{m.origin} root.{m.origin} 100 1 2 3 4")


@case("NOERROR")
def add_an_unknown_type(m: Message) -> None:
    m.add("new", 60, dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.from_text("TYPE65400"), b"\1"))


@case("NOERROR")
def add_ns_at_a_wildcard(m: Message) -> None:
    m.add("*.w2", 60, "NS", "elsewhere.test.")


@case("NOERROR")
def add_a_dname(m: Message) -> None:
    m.add("d", 60, "DNAME", "elsewhere.test.")
    m.add("d", 60, "DNAME", "elsewhere2.test.")


@case("NOERROR")
def add_a_delegation_above_names(m: Message) -> None:
    m.add("ent", 60, "NS", "ns.elsewhere.test.")


@case("NOERROR")
def delete_a_set(m: Message) -> None:
    m.delete("a", "A")


@case("NOERROR")
def delete_a_set_that_is_not_there(m: Message) -> None:
    m.delete("a", "AAAA")


@case("NOERROR")
def delete_a_name(m: Message) -> None:
    m.delete("a")


@case("NOERROR")
def delete_a_name_with_names_below_it_only(m: Message) -> None:
    m.delete("ent")


@case("NOERROR")
def delete_the_last_name_below(m: Message) -> None:
    m.delete("deep.ent")


@case("NOERROR")
def delete_all_of_the_apex(m: Message) -> None:
    m.delete("@")


@case("NOERROR")
def delete_the_soa(m: Message) -> None:
    m.delete("@", "SOA")


@case("NOERROR")
def delete_the_ns_of_the_apex(m: Message) -> None:
    m.delete("@", "NS")


@case("NOERROR")
def delete_one_ns_of_the_apex(m: Message) -> None:
    m.delete("@", "NS", "ns.elsewhere.test.")


@case("NOERROR")
def delete_each_ns_of_the_apex(m: Message) -> None:
    m.delete("@", "NS", "ns.elsewhere.test.")
    m.delete("@", "NS", f"ns.{m.origin}")


@case("NOERROR")
def delete_the_ns_of_a_delegation(m: Message) -> None:
    m.delete("sub", "NS")


@case("NOERROR")
def delete_one_record(m: Message) -> None:
    m.delete("a", "A", "192.0.2.1")


@case("NOERROR")
def delete_a_record_that_is_not_there(m: Message) -> None:
    m.delete("a", "A", "192.0.2.9")


@case("NOERROR")
def delete_each_record_of_a_set(m: Message) -> None:
    m.delete("a", "A", "192.0.2.1")
    m.delete("a", "A", "192.0.2.2")


@case("NOERROR")
def delete_the_wildcard_by_its_own_name(m: Message) -> None:
    m.delete("x.wild", "A")


@case("NOERROR")
def replace_a_set(m: Message) -> None:
    m.replace("a", 60, "A", "192.0.2.9")


@case("NOERROR")
def replace_a_set_with_itself(m: Message) -> None:
    m.replace("v6", 60, "AAAA", "2001:db8::1")


@case("NOERROR")
def add_and_delete_in_their_order(m: Message) -> None:
    m.add("new", 60, "A", "192.0.2.9")
    m.delete("new")


@case("NOERROR")
def delete_an_mx_in_other_letters(m: Message) -> None:
    m.delete("@", "MX", f"10 MAIL.{m.origin}")


@case("NOERROR")
def swap_if_current(m: Message) -> None:
    m.present("a", "TXT", '"one" "two"')
    m.delete("a", "TXT", '"one" "two"')
    m.add("a", 60, "TXT", '"three"')


@case("NXRRSET")
def swap_if_stale(m: Message) -> None:
    m.present("a", "TXT", '"zero"')
    m.delete("a", "TXT", '"zero"')
    m.add("a", 60, "TXT", '"three"')


raw(
    "update outside the zone",
    "NOTZONE",
    do=(bare("new", "A", IN, 60, "192.0.2.9"), bare("outside.test.", "A", IN, 60, "192.0.2.9")),
)
raw("add of type ANY", "FORMERR", do=(bare("a", "ANY", IN, 60),))
raw("add of type AXFR", "FORMERR", do=(bare("a", "AXFR", IN, 60),))
raw("add of another class", "FORMERR", do=(bare("a", "A", 3, 60, "192.0.2.9"),))
raw("add without data", "FORMERR", do=(bare("a", "A", IN, 60),))
raw("delete of a set with a TTL", "FORMERR", do=(bare("a", "A", ANY, 60),))
raw("delete of a set with data", "FORMERR", do=(bare("a", "A", ANY, 0, "192.0.2.1"),))
raw("delete of type AXFR", "FORMERR", do=(bare("a", "AXFR", ANY),))
raw("delete of a record with a TTL", "FORMERR", do=(bare("a", "A", NONE, 60, "192.0.2.1"),))
raw("delete of a record of type ANY", "FORMERR", do=(bare("a", "ANY", NONE),))
raw(
    "a later record that is wrong undoes the earlier",
    "FORMERR",
    do=(bare("a", "A", ANY), bare("new", "A", IN, 60, "192.0.2.9"), bare("a", "AXFR", ANY)),
)

raw(
    "what lies outside comes before the prerequisites",
    "NOTZONE",
    need=(bare("nobody", "ANY", ANY),),
    do=(bare("outside.test.", "A", IN, 60, "192.0.2.9"),),
)
raw(
    "a wrong change comes before the prerequisites",
    "FORMERR",
    need=(bare("nobody", "ANY", ANY),),
    do=(bare("a", "AXFR", ANY),),
)
raw("add of an unknown type without data", "NOERROR", do=(bare("new", "TYPE65401", IN, 60),))
raw("delete of an unknown type without data", "NOERROR", do=(bare("odd", "TYPE65400", NONE),))

# What BIND lets no update leave behind.


@case("REFUSED")
def the_last_address_of_a_name_server(m: Message) -> None:
    m.delete("ns", "A")
    m.add("new", 60, "A", "192.0.2.9")


@case("NOERROR")
def a_name_server_that_gets_another_address(m: Message) -> None:
    m.replace("ns", 60, "AAAA", "2001:db8::53")
    m.delete("ns", "A")


@case("REFUSED")
def a_name_server_without_an_address(m: Message) -> None:
    m.add("@", 60, "NS", f"nobody.{m.origin}")


@case("REFUSED")
def a_mail_server_without_an_address(m: Message) -> None:
    m.add("new", 60, "MX", f"10 c.{m.origin}")


@case("NOERROR")
def a_mail_server_that_a_wildcard_addresses(m: Message) -> None:
    m.add("new", 60, "MX", f"10 x.wild.{m.origin}")


@case("NOERROR")
def the_address_of_a_mail_server_goes(m: Message) -> None:
    m.delete("mail", "A")


DS = "1 8 2 " + "ab" * 32


@case("NOERROR")
def a_delegation_is_signed(m: Message) -> None:
    m.add("sub", 60, "DS", DS)


@case("NOERROR")
def a_delegation_and_its_signature_go(m: Message) -> None:
    m.add("sub", 60, "DS", DS)
    m.delete("sub", "NS")


@case("NOERROR")
def a_signature_of_no_delegation(m: Message) -> None:
    m.add("a", 60, "DS", DS)


@case("NOERROR")
def a_signature_of_the_apex(m: Message) -> None:
    m.add("@", 60, "DS", DS)


# The zone section (RFC 2136 §3.1), and messages that cannot be read.

raw("a zone that is not served", "NOTAUTH", zone=question("elsewhere.test", 6, IN), do=(bare("a", "A", ANY),))
raw("a name below the apex as zone", "NOTAUTH", zone=question("a.@", 6, IN))
raw("a zone of another class", "NOTIMP", zone=question("@", 6, 3))
raw("a zone section of another type", "FORMERR", zone=question("@", 1, IN))
raw("no zone at all", "FORMERR", zone=lambda _: b"", zones=0)
raw("two zones", "FORMERR", zone=lambda apex: question("@", 6, IN)(apex) * 2, zones=2)
raw("something behind the end", "NOERROR", do=(bare("a", "A", ANY),), tail=b"\0")
