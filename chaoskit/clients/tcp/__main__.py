"""The TCP probe's process."""

from __future__ import annotations

import asyncio

from chaoskit.child import Child
from chaoskit.clients.probe_workload import ProbeWorkload, Progress, UnexpectedAnswerError
from chaoskit.clients.process import play
from chaoskit.clients.tcp import Tcp

MOST_ANSWER = 1 << 16

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TcpProbe(ProbeWorkload):
    """Connections to one address."""

    def __init__(self, child: Child, plan: Tcp) -> None:
        super().__init__(child, plan, "connect" if plan.send is None else "send", {"address": plan.address or ""})
        self._tcp = plan
        self._idle: list[Streams] = []

    async def ask(self, progress: Progress) -> None:
        reader, writer = await self._connection(progress)
        try:
            await self._exchange(reader, writer, progress)
        except BaseException:
            writer.transport.abort()
            raise
        if self._tcp.connection == "warm" and not reader.at_eof():
            self._idle.append((reader, writer))
        else:
            writer.transport.abort()

    async def _connection(self, progress: Progress) -> Streams:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.transport.abort()
        host, port = self._tcp.place
        progress.doing = f"looking up {host}, or connecting to it"
        return await asyncio.open_connection(host, port)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, progress: Progress) -> None:
        """Raises ``UnexpectedAnswerError``, and ``ConnectionResetError`` where the other end closes without an answer."""
        plan = self._tcp
        if plan.send is not None:
            writer.write(plan.send.encode())
            await writer.drain()
        if plan.send is None and plan.holds is None:
            return
        progress.doing = "waiting for the answer"
        answer, text = b"", (plan.holds or "").encode()
        while not answer or text not in answer:
            data = await reader.read(MOST_ANSWER)
            if not data and not answer:
                raise ConnectionResetError("the connection was closed before an answer came")
            answer += data
            if text not in answer and (not data or len(answer) >= MOST_ANSWER):
                raise UnexpectedAnswerError(f"the answer does not hold {plan.holds!r}")


def main() -> None:
    """Read the plan, become ready, and connect until told otherwise."""
    play(lambda child, given: TcpProbe(child, Tcp.from_json(given)))


if __name__ == "__main__":
    main()
