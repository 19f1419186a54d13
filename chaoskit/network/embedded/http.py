"""Just enough HTTP/1.1 (RFC 9112) for a control API on loopback: ``Content-Length`` bodies, persistent connections, strict parsing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

HEAD_MAX = 32 << 10
BODY_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` is split at its slashes and unquoted: ``/proxies/a%2Fb`` gives ``("proxies", "a/b")``. Header names are lower-case."""

    method: str
    path: tuple[str, ...]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """``body`` is sent with ``content_type``, unless empty."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


Handler = Callable[[Request], Awaitable[Response]]


class _Malformed(Exception):
    pass


async def serve(handler: Handler, host: str, port: int) -> asyncio.Server:
    """Listen and answer each request with ``handler``; an exception in it goes to the event loop's exception handler."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Cancelled when the process ends; in Python 3.11 a stream's cancelled task is taken for a failed one.
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _talk(handler, reader, writer)
        except Exception as error:  # noqa: BLE001 - not the client's business, but the process's
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a control request broke", "exception": error}
            )
        finally:
            writer.close()

    return await asyncio.start_server(talk, host, port, limit=HEAD_MAX)


async def _talk(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    keep = True
    while keep and (request := await _read(reader, writer)) is not None:
        keep = request.headers.get("connection", "").lower() != "close"
        _write(writer, await handler(request), keep=keep)
        await writer.drain()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The next request; None when the client has closed or sent what is no request (it was told so)."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        _write(writer, Response(431), keep=False)
        return None
    try:
        method, path, headers, length = _parse(head)
    except _Malformed as error:
        _write(writer, Response(400, f"{error}\n".encode(), "text/plain"), keep=False)
        return None
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return Request(method, path, headers, await reader.readexactly(length))


def _parse(head: bytes) -> tuple[str, tuple[str, ...], dict[str, str], int]:
    lines = head[:-4].decode("latin-1").split("\r\n")
    try:
        method, target, version = lines[0].split(" ")
    except ValueError:
        raise _Malformed("the request line is malformed") from None
    if version != "HTTP/1.1" or not target.startswith("/"):
        raise _Malformed("only HTTP/1.1 with a path is understood")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise _Malformed(f"the header line {line!r} is malformed")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()) or int(length) > BODY_MAX:
        raise _Malformed(f"a body needs a Content-Length of at most {BODY_MAX}")
    path = target.partition("?")[0].strip("/")
    return method, tuple(unquote(part) for part in path.split("/")), headers, int(length)


def _write(writer: asyncio.StreamWriter, response: Response, *, keep: bool) -> None:
    head = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    if response.body:
        head.append(f"Content-Type: {response.content_type}")
    if response.status != HTTPStatus.NO_CONTENT:  # RFC 9110 §8.6: none in a 204
        head.append(f"Content-Length: {len(response.body)}")
    if not keep:
        head.append("Connection: close")
    writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + response.body)
