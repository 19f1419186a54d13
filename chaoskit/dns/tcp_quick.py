"""The fast path of TCP: what has come on a connection is answered from templates, many pipelined questions with one write."""

from __future__ import annotations

from collections.abc import Callable

from chaoskit.dns.templates import ID, Template, Templates
from chaoskit.dns.udp_plain import Answering
from chaoskit.journal.spool import pack_peer

BATCH = 256
"""Questions answered before the connection looks whether its asker reads the answers."""

BATCH_BYTES = 1 << 16
"""Bytes of answers, about, after which it looks too: 256 answers may have 16 MB, and many askers who read none a lot more."""

LENGTH = 2


class QuickTcp:
    """Serves all connections of one listener."""

    def __init__(self, server: Answering, label: str) -> None:
        self._server = server
        self._label = label
        self._templates = Templates(label, "tcp", server.log, _add_length)

    def answer(self, received: bytearray, peer: tuple[str, int], write: Callable[[bytes], None]) -> bool:
        """Take whole messages off the front of ``received`` and answer them, until one has no template; true if there was any."""
        try:
            return self._answer(received, peer, write)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told: silence would look like a fault
            self._server.fail(error)
            return False

    def _answer(self, received: bytearray, peer: tuple[str, int], write: Callable[[bytes], None]) -> bool:
        # The clock is read after all of this has come, so nobody who asks after a change gets an answer from before it.
        server, templates = self._server, self._templates
        at = server.clock.now()
        templates.begin(server.responder, at)
        data = bytes(received)
        answers: list[bytes] = []
        numbers: list[int] = []
        start = size = 0
        while start + LENGTH <= len(data) and len(numbers) < BATCH and size < BATCH_BYTES:
            begin = start + LENGTH
            end = begin + int.from_bytes(data[start:begin], "big")
            if end > len(data):
                break
            template = templates.known.get(data[begin + ID : end])
            if template is not None:
                answers += template.pieces, data[begin : begin + ID], template.rest
            else:
                message = data[begin:end]
                template = templates.find(message, at, server.ordinals[self._label] + len(numbers) + 1)
                if template is None:
                    break
                answers += template.pieces, template.answer(message)
            numbers.append(template.number)
            start = end
            size += len(template.rest)
        if not numbers:
            return False
        del received[:start]
        write(b"".join(answers))
        server.ordinals[self._label] += len(numbers)
        server.log.batch(numbers, at, server.clock.now(), pack_peer(*peer) * len(numbers))
        templates.prepare()
        return True


def _add_length(template: Template) -> None:
    """The message's length goes before it (RFC 1035 §4.2.2)."""
    template.pieces = (ID + len(template.rest)).to_bytes(LENGTH, "big")
