"""A client of the control port of a running agent: blocking HTTP, without a reactor."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

from swimtx.addresses import Address
from swimtx.cli.errors import CommandFailed

ANSWERS_WITHIN = 10.0  # seconds, for requests that an agent answers by itself
TAKES_TIME = 60.0  # seconds, for requests that need answers of other members


class AgentClient:
    """A client of one agent.

    @param where: the path of its control socket, or the host and port of its control endpoint.
    """

    def __init__(self, where: Path | tuple[str, int]) -> None:
        self._where = where

    def __str__(self) -> str:
        if isinstance(self._where, Path):
            return str(self._where)
        return str(Address(*self._where))

    def get(self, *path: str, timeout: float = ANSWERS_WITHIN) -> Any:
        """Send a GET request.

        @param path: the parts of the path, which may hold any character.
        @return: the JSON value of the answer.
        @raise CommandFailed: the agent is absent, refuses, or takes longer than C{timeout} seconds.
        """
        return self._read(*self._send("GET", path, None, timeout))

    def post(self, *path: str, content: Any = None, timeout: float = TAKES_TIME) -> Any:
        """Send a POST request.

        @param path: the parts of the path, which may hold any character.
        @param content: the JSON value of the body.
        @return: the JSON value of the answer.
        @raise CommandFailed: the agent is absent, refuses, or takes longer than C{timeout} seconds.
        """
        return self._read(*self._send("POST", path, content, timeout))

    def follow(self, *path: str) -> Iterator[Any]:
        """The JSON values that the agent streams, one at a time, until it ends the stream.

        The headers have been read when this returns: no later value is missed.

        @raise CommandFailed: the agent is absent, refuses, or breaks the stream off.
        """
        connection, response = self._send("GET", path, None, ANSWERS_WITHIN)
        if response.status != 200:
            self._read(connection, response)
        if connection.sock is not None:
            connection.sock.settimeout(None)
        return self._objects(connection, response)

    def _objects(self, connection: HTTPConnection, response: HTTPResponse) -> Iterator[Any]:
        partial = b""
        try:
            # Not readline(), which takes a broken connection for the end of the stream.
            while data := response.read1(65536):
                *lines, partial = (partial + data).split(b"\n")
                for line in lines:
                    yield json.loads(line)
        except (OSError, HTTPException, ValueError):
            raise CommandFailed(f"the agent at {self} broke off") from None
        finally:
            connection.close()

    def _send(
        self, method: str, path: tuple[str, ...], content: Any, timeout: float
    ) -> tuple[HTTPConnection, HTTPResponse]:
        if isinstance(self._where, Path):
            connection: HTTPConnection = _UnixConnection(self._where, timeout)
        else:
            connection = HTTPConnection(*self._where, timeout=timeout)
        body = None if method == "GET" else json.dumps(content).encode()
        url = "".join("/" + quote(part, safe="", errors="surrogatepass") for part in path)
        try:
            connection.request(method, url, body, {"Content-Type": "application/json"})
            return connection, connection.getresponse()
        except (OSError, HTTPException) as error:
            connection.close()
            raise CommandFailed(self._explained(error)) from None

    def _read(self, connection: HTTPConnection, response: HTTPResponse) -> Any:
        try:
            content = json.loads(response.read())
        except (OSError, HTTPException, ValueError):
            raise CommandFailed(f"what answers at {self} is no swimtx agent") from None
        finally:
            connection.close()
        if response.status != 200:
            said = content.get("error") if isinstance(content, dict) else None
            raise CommandFailed(said or f"the agent at {self} answered {response.status}")
        return content

    def _explained(self, error: Exception) -> str:
        if isinstance(error, PermissionError):
            return f"permission denied: the agent at {self} is another user's"
        if isinstance(error, TimeoutError):
            return f"the agent at {self} does not answer"
        if isinstance(error, ConnectionRefusedError | FileNotFoundError):
            return f"no agent listens at {self}"
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"the agent at {self} cannot be asked: {reason}"


class _UnixConnection(HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Called by http.client."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
