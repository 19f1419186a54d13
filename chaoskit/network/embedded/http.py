"""The control API's HTTP/1.1 (RFC 9112): h11 parses and frames, asyncio carries.

Nothing that a client sends or leaves out ends the server or keeps another client out. Heads and bodies are bounded in size, a request
that has begun in time, and connections in number: one more than ``CONNECTIONS_MAX`` closes the one that sent no whole request for longest.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

import h11

from chaoskit.host_port import host_port

HEAD_MAX = 32 << 10
BODY_MAX = 1 << 20
CONNECTIONS_MAX = 64
REQUEST_WITHIN_S = 15.0
"""From a request's first byte to its last, and for the client to take the answer: Toxiproxy's ``ReadTimeout``."""
LINGER_S = 1.0
"""How long a refused client's further bytes are read, so that the refusal is not lost to a reset (RFC 9112 §9.6)."""
_PIECE = 16 << 10


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` is split at its slashes and unquoted: ``/proxies/a%2Fb`` gives ``("proxies", "a/b")``. Header names are lower-case."""

    method: str
    path: tuple[str, ...]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """``body`` is sent with ``content_type``, unless empty; ``allow`` are the methods that would have been right."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused: the client's ``host:port``, the status that it got, and what was wrong."""

    peer: str
    status: int
    reason: str


Handler = Callable[[Request], Awaitable[Response]]


class _Malformed(Exception):
    """What a client sent is no request that we serve."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Conversation:
    """One client's connection: its requests, and our answers to them, in turn."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peer = host_port(writer.get_extra_info("peername") or ("unknown", 0))
        self.answering = False
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX)

    async def request(self) -> Request | None:
        """The next request; None when the client has closed. Raises ``_Malformed``."""
        try:
            head = self._http.next_event()
            if head is h11.NEED_DATA:  # idle, until somebody needs the place
                await self._receive()
            async with asyncio.timeout(REQUEST_WITHIN_S):
                if head is h11.NEED_DATA:
                    head = await self._event()
                return await self._rest_of(head) if isinstance(head, h11.Request) else None
        except h11.RemoteProtocolError as error:
            raise _Malformed(error.error_status_hint, str(error)[:200]) from None
        except TimeoutError:
            raise _Malformed(408, f"the request was not whole within {REQUEST_WITHIN_S:g} s") from None

    async def _rest_of(self, head: h11.Request) -> Request:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        if head.http_version not in (b"1.1", b"1.0"):
            raise _Malformed(505, "only HTTP/1.1 and HTTP/1.0 are understood")
        path = _path(head.target.decode("latin-1"))
        if int(headers.get("content-length", 0)) > BODY_MAX:
            raise _Malformed(413, f"a body may have at most {BODY_MAX} bytes")
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > BODY_MAX:
                raise _Malformed(413, f"a body may have at most {BODY_MAX} bytes")
        return Request(head.method.decode("latin-1"), path, headers, bytes(body))

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                self._send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
            await self._receive()

    async def _receive(self) -> None:
        self._http.receive_data(await self._reader.read(_PIECE))

    async def answer(self, response: Response, method: str, *, last: bool = False) -> bool:
        """Send the response; whether the connection can go on. Raises ``TimeoutError`` when the client does not take it."""
        headers = [("X-Toxiproxy-Request-Id", os.urandom(10).hex())]
        if response.body:
            headers.append(("Content-Type", response.content_type))
        if response.allow:  # RFC 9110 §15.5.6: a 405 names them
            headers.append(("Allow", ", ".join(response.allow)))
        if response.status != HTTPStatus.NO_CONTENT:  # RFC 9110 §8.6: none in a 204
            headers.append(("Content-Length", str(len(response.body))))
        if last:
            headers.append(("Connection", "close"))
        phrase = HTTPStatus(response.status).phrase
        self._send(h11.Response(status_code=response.status, headers=headers, reason=phrase))
        if response.body and method != "HEAD":
            self._send(h11.Data(data=response.body))
        self._send(h11.EndOfMessage())
        async with asyncio.timeout(REQUEST_WITHIN_S):
            await self._writer.drain()
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)

    async def linger(self) -> None:
        """After a refusal: end our stream, and read what still comes, for a moment."""
        self._writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while await self._reader.read(_PIECE):
                    pass

    def abort(self) -> None:
        """Close now."""
        self._writer.transport.abort()


class _OpenConversations:
    """The connections that are open, longest without a whole request first."""

    def __init__(self) -> None:
        self._conversations: dict[_Conversation, None] = {}

    def add(self, conversation: _Conversation) -> None:
        """One more; the one that is idle longest makes room for it."""
        if len(self._conversations) >= CONNECTIONS_MAX:
            oldest = next((other for other in self._conversations if not other.answering), conversation)
            self.remove(oldest)
            oldest.abort()
            if oldest is conversation:
                return
        self._conversations[conversation] = None

    def renew(self, conversation: _Conversation) -> None:
        """It has sent a whole request: it is the youngest again."""
        self.remove(conversation)
        self._conversations[conversation] = None

    def remove(self, conversation: _Conversation) -> None:
        """It is over."""
        self._conversations.pop(conversation, None)


async def serve(
    handler: Handler, host: str, port: int, refused: Callable[[Refusal], None] = lambda refusal: None
) -> asyncio.Server:
    """Listen and answer each request with ``handler``.

    ``refused`` is told of each request that is none. An exception of ``handler`` is a 500, and goes to the event loop's exception handler.
    """
    conversations = _OpenConversations()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = _Conversation(reader, writer)
        conversations.add(conversation)
        try:
            # Cancelled when the process ends; in Python 3.11 a stream's cancelled task is taken for a failed one.
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                await _talk(handler, conversation, conversations, refused)
        finally:
            conversations.remove(conversation)
            writer.close()

    return await asyncio.start_server(talk, host, port, limit=_PIECE)


async def _talk(
    handler: Handler, conversation: _Conversation, conversations: _OpenConversations, refused: Callable[[Refusal], None]
) -> None:
    going = True
    while going:
        try:
            request = await conversation.request()
        except _Malformed as error:
            refused(Refusal(conversation.peer, error.status, str(error)))
            await conversation.answer(Response(error.status, f"{error}\n".encode(), "text/plain"), "", last=True)
            await conversation.linger()
            return
        if request is None:
            return
        conversations.renew(conversation)
        conversation.answering = True
        response = await _handled(handler, request)
        conversation.answering = False
        going = await conversation.answer(response, request.method)


async def _handled(handler: Handler, request: Request) -> Response:
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - our bug is told, and costs nobody else anything
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"the request {request.method} /{'/'.join(request.path)[:100]} broke it", "exception": error}
        )
        return Response(500, b'{"error":"the embedded proxy has a bug; its event tells which","status":500}')


def _path(target: str) -> tuple[str, ...]:
    """A request target's path (RFC 9112 §3.2: origin form, or absolute form, which every server must accept)."""
    scheme, absolute, rest = target.partition("://")
    if absolute and scheme.lower() in ("http", "https"):
        target = "/" + rest.partition("/")[2]
    if not target.startswith("/"):
        raise _Malformed(400, "the request target is no path")
    return tuple(unquote(part) for part in target.partition("?")[0].strip("/").split("/"))
