"""The door by which a command in the sandbox steers its run: a TCP port of the sandbox's own loopback, for requests of one line.

It is a program, started *inside* the sandbox as a file with ``python -I -S``. What it hears it writes to its standard output, with
the number of the request; the answers come on its standard input, and go back to whoever asked. It connects to nothing, so it is no
way out. It says ``ready PORT`` first, and ends when its standard input ends.

A request is a line of JSON, at most ``LONGEST`` bytes; ``chaoskit.engine.steering`` says what it may hold.
"""

import asyncio
import json
import os
import sys

LONGEST = 4096
PATIENCE_S = 30.0


class Door:
    """The requests that wait for an answer, by their number."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[str]] = {}
        self.number = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one line in, one line out."""
        try:
            line = await asyncio.wait_for(reader.readline(), PATIENCE_S)
            request = json.loads(line)
            self.number += 1
            number = self.number
            answer = self.waiting[number] = asyncio.get_running_loop().create_future()
            tell(json.dumps({"number": number, "request": request}))
            writer.write((await asyncio.wait_for(answer, PATIENCE_S)).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, TimeoutError):
            pass  # no request, or nobody waits for the answer any more
        finally:
            writer.close()

    def hear(self, line: bytes) -> None:
        """An answer: its number, a blank, and what to send back."""
        number, _, answer = line.decode().partition(" ")
        waiting = self.waiting.pop(int(number), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


def tell(line: str) -> None:
    """A line to the run."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Listen, say where, and serve until the input ends."""
    door = Door()
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0, limit=LONGEST)
    tell(f"ready {server.sockets[0].getsockname()[1]}")
    answers = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(answers), sys.stdin)
    while line := await answers.readline():
        door.hear(line.rstrip(b"\n"))
    os._exit(0)  # connections under way end with us


if __name__ == "__main__":
    asyncio.run(main())
