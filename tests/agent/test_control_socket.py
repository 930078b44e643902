"""The paths of control sockets, and the search for agents by them."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swimtx.agent import control_socket
from swimtx.agent.control_socket import (
    BadControlSocket,
    NoAgentFound,
    SeveralAgentsFound,
    digest_of,
    find_agent,
    find_agents,
    make_path,
    own_folder,
    remove_stale,
)


class FolderTestCase(SynchronousTestCase):
    """A test case with a folder whose path is short."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="swimtx-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def listening(self, path: Path) -> socket.socket:
        listener = self.bound(path)
        listener.listen()
        return listener

    def bound(self, path: Path) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(path))
        return listener

    def agent(self, port: int, name: str) -> Path:
        path = self.folder / f"{port}-{digest_of(name)}.sock"
        self.listening(path)
        return path

    def stale(self, port: int, name: str, age: float = 60.0) -> Path:
        path = self.folder / f"{port}-{digest_of(name)}.sock"
        self.bound(path).close()
        then = path.stat().st_mtime - age
        os.utime(path, (then, then))
        return path


class SocketPathTests(FolderTestCase):
    """The folder of a socket, and its name."""

    def test_the_users_runtime_folder_comes_first(self) -> None:
        environ = {"XDG_RUNTIME_DIR": str(self.folder)}
        self.assertEqual(own_folder(environ), self.folder / "swimtx")

    def test_root_has_a_folder_of_the_system_and_others_a_temporary_one(self) -> None:
        self.assertEqual(own_folder({}, 0), Path("/run/swimtx"))
        expected = Path(tempfile.gettempdir()) / "swimtx-1234"
        self.assertEqual(own_folder({}, 1234), expected)

    def test_a_runtime_folder_that_is_missing_relative_or_of_another_user_is_not_used(self) -> None:
        other = os.geteuid() + 1
        expected = Path(tempfile.gettempdir()) / f"swimtx-{other}"
        for folder in ("", "run", str(self.folder), str(self.folder / "missing")):
            self.assertEqual(own_folder({"XDG_RUNTIME_DIR": folder}, other), expected)

    def test_a_socket_is_named_after_the_port_and_a_hash_of_the_name(self) -> None:
        path = make_path(7946, "n1", {"XDG_RUNTIME_DIR": str(self.folder)})
        self.assertEqual(path, self.folder / "swimtx" / "7946-676b8bb8.sock")
        self.assertEqual(path.parent.stat().st_mode & 0o777, 0o700)

    def test_a_folder_that_others_can_write_to_is_not_used(self) -> None:
        (self.folder / "swimtx").mkdir()
        (self.folder / "swimtx").chmod(0o777)
        with self.assertRaisesRegex(BadControlSocket, "others may write"):
            make_path(7946, "n1", {"XDG_RUNTIME_DIR": str(self.folder)})

    def test_a_link_in_place_of_the_folder_is_not_followed(self) -> None:
        (self.folder / "elsewhere").mkdir()
        (self.folder / "swimtx").symlink_to(self.folder / "elsewhere")
        with self.assertRaisesRegex(BadControlSocket, "is not ours"):
            make_path(7946, "n1", {"XDG_RUNTIME_DIR": str(self.folder)})

    def test_a_file_in_place_of_the_folder_is_reported_in_one_sentence(self) -> None:
        (self.folder / "swimtx").write_text("")
        with self.assertRaisesRegex(BadControlSocket, "cannot be made: File exists"):
            make_path(7946, "n1", {"XDG_RUNTIME_DIR": str(self.folder)})

    def test_a_path_that_is_too_long_is_reported_in_one_sentence(self) -> None:
        deep = self.folder / ("x" * 100)
        deep.mkdir()
        with self.assertRaisesRegex(BadControlSocket, "takes 107 at the most"):
            make_path(7946, "n1", {"XDG_RUNTIME_DIR": str(deep)})

    def test_the_longest_path_can_be_bound(self) -> None:
        length = control_socket.LONGEST_PATH - len(str(self.folder)) - 1
        path = self.folder / ("x" * length)
        control_socket.check_length(path)
        self.bound(path)
        with self.assertRaises(BadControlSocket):
            control_socket.check_length(self.folder / ("x" * (length + 1)))


class FindAgentTests(FolderTestCase):
    """The search by port, by name, by path, or for the only agent."""

    def test_the_only_agent_is_found_without_a_name(self) -> None:
        path = self.agent(7001, "n1")
        self.assertEqual(find_agent(None, [self.folder]), path)

    def test_one_of_several_agents_is_found_by_port_name_or_path(self) -> None:
        one, two = self.agent(7001, "n1"), self.agent(7002, "n2")
        self.assertEqual(find_agent("7002", [self.folder]), two)
        self.assertEqual(find_agent("n1", [self.folder]), one)
        self.assertEqual(find_agent(str(two), [self.folder]), two)

    def test_a_name_takes_precedence_over_a_port(self) -> None:
        self.agent(7001, "n1")
        named = self.agent(7002, "7001")
        self.assertEqual(find_agent("7001", [self.folder]), named)

    def test_several_agents_are_an_error_if_none_is_named(self) -> None:
        paths = [self.agent(7001, "n1"), self.agent(7002, "n2")]
        with self.assertRaises(SeveralAgentsFound) as caught:
            find_agent(None, [self.folder])
        self.assertEqual([agent.path for agent in caught.exception.found], paths)

    def test_two_agents_with_one_port_number_are_an_error(self) -> None:
        self.agent(7001, "n1")
        self.agent(7001, "n2")
        with self.assertRaises(SeveralAgentsFound):
            find_agent("7001", [self.folder])

    def test_no_matching_agent_is_an_error(self) -> None:
        missing = self.folder / "missing"
        for which in (None, "7001", "n1", str(missing)):
            with self.assertRaises(NoAgentFound):
                find_agent(which, [self.folder, missing])

    def test_the_socket_of_a_killed_agent_is_removed(self) -> None:
        stale = self.stale(7001, "n1")
        running = self.agent(7002, "n2")
        self.assertEqual([agent.path for agent in find_agents([self.folder])], [running])
        self.assertFalse(stale.exists())

    def test_an_agent_that_is_just_starting_keeps_its_socket(self) -> None:
        fresh = self.stale(7001, "n1", age=0.0)
        self.assertEqual(find_agents([self.folder]), [])
        self.assertTrue(fresh.exists())

    def test_files_that_are_no_control_sockets_are_kept(self) -> None:
        (self.folder / "notes.sock").write_text("")
        self.listening(self.folder / "other.sock")
        self.assertEqual(find_agents([self.folder]), [])
        self.assertEqual(len(list(self.folder.iterdir())), 2)

    def test_a_forbidden_folder_raises_permission_error(self) -> None:
        def forbidden(self: Path) -> None:
            raise PermissionError(13, "Permission denied", str(self))

        self.patch(Path, "iterdir", forbidden)
        with self.assertRaises(PermissionError):
            find_agent(None, [self.folder])


class RemoveStaleTests(FolderTestCase):
    """The check of a path before an agent binds its socket."""

    def test_a_stale_socket_is_removed_at_once(self) -> None:
        path = self.stale(7001, "n1", age=0.0)
        self.assertTrue(remove_stale(path))
        self.assertFalse(path.exists())

    def test_a_path_without_a_file_is_free(self) -> None:
        self.assertTrue(remove_stale(self.folder / "free"))

    def test_a_socket_in_use_is_kept(self) -> None:
        path = self.agent(7001, "n1")
        self.assertFalse(remove_stale(path))
        self.assertTrue(path.exists())

    def test_a_regular_file_is_kept(self) -> None:
        path = self.folder / "file"
        path.write_text("precious")
        self.assertFalse(remove_stale(path))
        self.assertTrue(path.exists())
