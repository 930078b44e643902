"""The paths of control sockets, and the search for running agents by them.

A socket is named after the agent's port and a hash of its name. It lies in a folder that only the
agent's user can enter, so every process that can open it may also command the agent.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import socket
import stat
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from swimtx.errors import SwimError

LONGEST_PATH = 107  # bytes; the system has 108 for a path and its terminating zero byte
SYSTEM_FOLDER = Path("/run/swimtx")
_SETTLING = 10.0  # seconds; a younger socket may be bound but not listening yet
_SOCKET = re.compile(r"(\d{1,5})-([0-9a-f]{8})\.sock")


class BadControlSocket(SwimError):
    """The path of a control socket cannot be used; the text says why."""


class NoAgentFound(SwimError):
    """No running agent matches."""


class SeveralAgentsFound(SwimError):
    """More than one running agent matches.

    @ivar found: their sockets.
    """

    def __init__(self, found: list[AgentSocket]) -> None:
        super().__init__(f"{len(found)} agents run here: {', '.join(str(a.path) for a in found)}")
        self.found = found


@dataclass(frozen=True)
class AgentSocket:
    """The control socket of a running agent.

    @ivar port: the agent's UDP and TCP port.
    @ivar digest: the hash of its name, 8 hexadecimal digits.
    """

    path: Path
    port: int
    digest: str


def digest_of(name: str) -> str:
    """The hash of a member's name that is part of its socket's name."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def own_folder(environ: Mapping[str, str] | None = None, uid: int | None = None) -> Path:
    """The folder in which this user's agents put their sockets.

    @param environ: instead of the process's environment.
    @param uid: instead of the effective user of the process.
    """
    environ = os.environ if environ is None else environ
    uid = os.geteuid() if uid is None else uid
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and _belongs_to(Path(runtime), uid):
        return Path(runtime) / "swimtx"
    if uid == 0:
        return SYSTEM_FOLDER
    return _temporary_folder(uid)


def searched_folders(environ: Mapping[str, str] | None = None) -> list[Path]:
    """The folders that may hold sockets of agents that this user can command, likeliest first."""
    uid = os.geteuid()
    folders = [own_folder(environ, uid), SYSTEM_FOLDER, _temporary_folder(uid)]
    return list(dict.fromkeys(folders))


def make_path(port: int, name: str, environ: Mapping[str, str] | None = None) -> Path:
    """The path of an agent's default socket. Its folder is made if it does not exist.

    @raise BadControlSocket: the folder cannot be made or is not safe, or the path is too long.
    """
    folder = own_folder(environ)
    _make_folder(folder, os.geteuid())
    path = folder / f"{port}-{digest_of(name)}.sock"
    check_length(path)
    return path


def check_length(path: Path) -> None:
    """Check that a UNIX socket can be bound at this path.

    @raise BadControlSocket: the path is too long.
    """
    length = len(os.fsencode(path))
    if length > LONGEST_PATH:
        raise BadControlSocket(
            f"the path of the control socket is {length} bytes long, and the system takes "
            f"{LONGEST_PATH} at the most: {path}"
        )


def is_listening(path: Path) -> bool:
    """Whether a process listens on this socket.

    @raise PermissionError: this user may not connect to the socket.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5.0)
        try:
            probe.connect(os.fspath(path))
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM):
                raise
            return isinstance(error, TimeoutError) or error.errno == errno.EAGAIN
    return True


def remove_stale(path: Path) -> bool:
    """Remove a socket on which no process listens, such as a killed agent leaves behind.

    @return: whether the path is free now.
    """
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode) or is_listening(path):
            return False
        path.unlink(missing_ok=True)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def unescaped(text: str) -> str:
    """An argument of an endpoint string without the backslashes before special characters."""
    return re.sub(r"\\(.)", r"\1", text)


def find_agents(folders: Iterable[Path] | None = None) -> list[AgentSocket]:
    """The sockets of all running agents, by port; stale ones are removed.

    @raise PermissionError: no agent was found, and this user may not read a folder or a socket.
    """
    found: list[AgentSocket] = []
    denied: PermissionError | None = None
    for folder in searched_folders() if folders is None else folders:
        try:
            for path in sorted(folder.iterdir()):
                named = _SOCKET.fullmatch(path.name)
                if named and _alive_or_removed(path):
                    found.append(AgentSocket(path, int(named[1]), named[2]))
        except PermissionError as error:
            denied = error
        except OSError:
            continue
    if denied is not None and not found:
        raise denied
    return sorted(found, key=lambda agent: (agent.port, agent.digest))


def find_agent(which: str | None = None, folders: Iterable[Path] | None = None) -> Path:
    """The control socket of one agent.

    @param which: its port, its name, or the path of its socket; C{None}: the only running agent.
    @raise NoAgentFound: no running agent matches.
    @raise SeveralAgentsFound: several running agents match.
    @raise PermissionError: this user may not read a folder or a socket.
    """
    if which is not None and "/" in which:
        path = Path(which)
        if not is_listening(path):
            raise NoAgentFound(f"no agent listens at {which}")
        return path
    running = find_agents(folders)
    chosen = running if which is None else _matching(running, which)
    if not chosen:
        raise NoAgentFound("no agent runs here" if which is None else f"no agent {which} runs here")
    if len(chosen) > 1:
        raise SeveralAgentsFound(chosen)
    return chosen[0].path


def _matching(running: list[AgentSocket], which: str) -> list[AgentSocket]:
    named = [agent for agent in running if agent.digest == digest_of(which)]
    return named or [agent for agent in running if str(agent.port) == which]


def _alive_or_removed(path: Path) -> bool:
    if is_listening(path):
        return True
    try:
        if time.time() - path.lstat().st_mtime > _SETTLING:
            path.unlink()
    except OSError:
        pass  # another process removed it, or it belongs to another user
    return False


def _temporary_folder(uid: int) -> Path:
    return Path(tempfile.gettempdir()) / f"swimtx-{uid}"


def _belongs_to(folder: Path, uid: int) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid


def _make_folder(folder: Path, uid: int) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise BadControlSocket(
            f"the folder of the control socket, {folder}, cannot be made: {error.strerror}"
        ) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise BadControlSocket(f"{folder}, where the control socket belongs, is not ours")
    if found.st_mode & 0o022:
        raise BadControlSocket(
            f"others may write to {folder}, where the control socket belongs (chmod 700 mends it)"
        )
