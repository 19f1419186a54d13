"""As much of Redis as a shop needs: it answers PING, GET and SET (and whatever else a client says at first) from memory."""

import os
import socketserver

ITEMS: dict[bytes, bytes] = {}


class Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while (words := self.words()) is not None:
            name = words[0].upper()
            if name == b"PING":
                answer = b"+PONG\r\n"
            elif name == b"SET" and len(words) > 2:
                ITEMS[words[1]] = words[2]
                answer = b"+OK\r\n"
            elif name == b"GET" and len(words) > 1:
                held = ITEMS.get(words[1])
                answer = b"$-1\r\n" if held is None else b"$%d\r\n%s\r\n" % (len(held), held)
            elif name == b"HELLO":
                answer = b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n"
            elif name in (b"CLIENT", b"SELECT"):
                answer = b"+OK\r\n"
            else:
                answer = b"-ERR unknown command\r\n"
            self.wfile.write(answer)

    def words(self) -> list[bytes] | None:
        line = self.rfile.readline()
        if not line.startswith(b"*"):
            return line.split() or None  # an inline command, or the end
        words = []
        for _ in range(int(line[1:])):
            length = int(self.rfile.readline()[1:])
            words.append(self.rfile.read(length + 2)[:length])
        return words


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ["PORT"])), Connection).serve_forever()
