"""The contents of the packages, and each way to install them.

All tests work on copies: of the source tree, so that an old ``build/`` has no effect, and of the
Python environment, so that installing and uninstalling is real and yet takes seconds. Twisted is
copied into that environment file by file, because uninstalling swimtx must leave it intact;
everything else is linked.
"""

from __future__ import annotations

import atexit
import functools
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 300
PLUGIN = "twisted/plugins/swimtx_plugin.py"
COMMANDS = ("swim", "swim-bootstrap")
GENERATED = shutil.ignore_patterns(
    *(".git", ".venv", "venv", "build", "dist", "_build", "*.egg-info", "dropin.cache"),
    *("__pycache__", "*.pyc", "_trial_temp*", ".hypothesis", ".*_cache"),
)


def run(*command: str | Path, cwd: Path, **environ: str) -> str:
    """Run a command and return its output.

    @raise AssertionError: the command failed; the text has all its output.
    """
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "SETUPTOOLS", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**clean, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        line = " ".join(str(word) for word in command)
        raise AssertionError(f"{line}\nexit status {done.returncode}\n{done.stdout}")
    return done.stdout


def temporary(name: str) -> Path:
    """A new folder, which is removed when the process ends."""
    path = Path(tempfile.mkdtemp(prefix=f"swimtx-{name}-")).resolve()
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@functools.cache
def tracked() -> tuple[str, ...] | None:
    """The files of the checkout, new ones included; C{None} if it is not a checkout of git."""
    git = ("git", "-c", "safe.directory=*", "-C", str(ROOT))
    try:
        if Path(run(*git, "rev-parse", "--show-toplevel", cwd=ROOT).strip()) != ROOT:
            return None
        listed = run(*git, "ls-files", "-z", "-c", "-o", "--exclude-standard", cwd=ROOT)
    except (OSError, AssertionError):
        return None
    return tuple(sorted(name for name in set(listed.split("\0")) if (ROOT / name).is_file()))


def source_tree(into: Path) -> Path:
    """Copy the current source, without generated files."""
    names = tracked()
    if names is None:
        shutil.copytree(ROOT, into, ignore=GENERATED)
        return into
    for name in names:
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, into / name)
    return into


def files_of(tree: Path, *folders: str) -> set[str]:
    """The names of the files in these folders of a tree, relative to the tree."""
    return {
        str(path.relative_to(tree))
        for folder in folders
        for path in (tree / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def can_build_here() -> bool:
    """Whether the installed setuptools is new enough, so that none has to be downloaded."""
    try:
        return int(importlib.metadata.version("setuptools").split(".")[0]) >= 77
    except importlib.metadata.PackageNotFoundError:
        return False


@functools.cache
def built() -> Path:
    """The folder with the source archive, and the wheel that was built from it."""
    place = temporary("build")
    isolation = ["--no-isolation"] if can_build_here() else []
    tree = source_tree(place / "source")
    run(sys.executable, "-m", "build", *isolation, "--outdir", place / "dist", tree, cwd=place)
    return place / "dist"


def only(paths: Iterable[Path]) -> Path:
    [path] = paths
    return path


class Environment:
    """A Python environment like the one that runs the tests, without swimtx."""

    def __init__(self, place: Path) -> None:
        venv.create(place, symlinks=True)
        self.python = place / "bin" / "python"
        self.script = place / "bin" / "swimtx"
        self.packages = Path(
            sysconfig.get_path("purelib", "venv", {"base": str(place), "platbase": str(place)})
        )
        used = {Path(path) for path in sysconfig.get_paths().values() if path.endswith("-packages")}
        for entry in sorted(entry for path in used for entry in path.iterdir()):
            self._copy_or_link(entry)

    def _copy_or_link(self, entry: Path) -> None:
        name = entry.name.lower()
        target = self.packages / entry.name
        if "swimtx" in name or name.startswith(("pip", "__pycache__")) or target.exists():
            return
        if name == "twisted" or name.startswith("twisted-"):
            without = shutil.ignore_patterns("test", "__pycache__", "*swimtx*", "dropin.cache")
            shutil.copytree(entry, target, ignore=without)
        else:
            target.symlink_to(entry)

    def pip(self, *words: str | Path) -> None:
        """Run the installed pip on this environment."""
        pip = (sys.executable, "-m", "pip", "--python", self.python)
        run(*pip, *words, cwd=Path("/"))

    def install(self, *words: str | Path) -> None:
        """Install without dependencies, which are all present, and offline if possible."""
        isolation = ["--no-build-isolation"] if can_build_here() else []
        self.pip("install", "--quiet", "--no-deps", *isolation, *words)

    def commands(self) -> set[str]:
        """The commands that ``twistd --help`` lists, run from the root folder."""
        script = "from twisted.scripts.twistd import run; run()"
        printed = run(self.python, "-c", script, "--help", cwd=Path("/"))
        _, commands, rest = printed.partition("Commands:")
        assert commands, printed
        return set(re.findall(r"^ {1,4}(\S+)", rest, re.MULTILINE))


class PackageContentTests(SynchronousTestCase):
    """The contents of the wheel and of the source archive."""

    def setUp(self) -> None:
        with zipfile.ZipFile(only(built().glob("*.whl"))) as wheel:
            self.wheel = {name for name in wheel.namelist() if not name.endswith("/")}
        with tarfile.open(only(built().glob("*.tar.gz"))) as archive:
            names = {member.name for member in archive.getmembers() if member.isfile()}
        self.archive = {name.partition("/")[2] for name in names}
        self.source = built().parent / "source"

    def test_the_wheel_holds_every_file_of_the_package(self) -> None:
        wanted = files_of(self.source, "swimtx")
        self.assertIn("swimtx/py.typed", wanted)
        self.assertIn("swimtx/wire/swim.proto", wanted)
        self.assertEqual(wanted - self.wheel, set())

    def test_the_wheel_holds_the_plugin_and_nothing_else_of_twisted(self) -> None:
        of_twisted = {name for name in self.wheel if name.startswith("twisted/")}
        self.assertEqual(of_twisted, {PLUGIN})

    def test_the_wheel_holds_nothing_but_the_package_and_the_plugin(self) -> None:
        tops = {name.split("/")[0] for name in self.wheel if ".dist-info/" not in name}
        self.assertEqual(tops, {"swimtx", "twisted"})

    def test_no_generated_file_is_in_the_packages(self) -> None:
        for name in self.wheel | self.archive:
            self.assertNotIn("__pycache__", name)
            self.assertNotIn("dropin.cache", name)

    def test_the_source_archive_holds_every_file_that_the_tests_need(self) -> None:
        folders = ("swimtx", "twisted", "tests", "docs", "examples", "benchmarks", "fuzz", "deploy")
        wanted = files_of(self.source, *folders)
        self.assertIn("tests/parts.py", wanted)
        self.assertEqual(wanted - self.archive, set())
        for name in ("README.rst", "LICENSE", "CHANGELOG.rst", "setup.cfg", "pyproject.toml"):
            self.assertIn(name, self.archive)

    def test_no_init_file_is_in_the_folders_of_the_plugin_which_belong_to_twisted(self) -> None:
        self.assertEqual(
            {name for name in files_of(self.source, "twisted") if name.endswith("__init__.py")},
            set(),
        )


class InstallationTests(SynchronousTestCase):
    """``twistd`` lists the commands of swimtx once it is installed, and works after its removal."""

    def install_and_uninstall(self, *what: str | Path) -> None:
        environment = Environment(temporary("environment"))
        before = environment.commands()
        self.assertIn("web", before)
        self.assertEqual(before.intersection(COMMANDS), set())

        environment.install(*what)
        self.assertEqual(environment.commands(), before.union(COMMANDS))
        self.assertTrue(environment.script.exists())

        environment.pip("uninstall", "--quiet", "--yes", "swimtx")
        self.assertEqual(environment.commands(), before)
        self.assertFalse(environment.script.exists())

    def test_a_wheel_adds_the_commands_and_its_removal_removes_them(self) -> None:
        self.install_and_uninstall(only(built().glob("*.whl")))

    def test_a_source_archive_adds_the_commands_and_its_removal_removes_them(self) -> None:
        self.install_and_uninstall(only(built().glob("*.tar.gz")))

    def test_an_editable_checkout_adds_the_commands_and_its_removal_removes_them(self) -> None:
        self.install_and_uninstall("-e", source_tree(temporary("checkout") / "swimtx"))

    def test_a_checkout_adds_the_commands_and_its_removal_removes_them(self) -> None:
        self.install_and_uninstall(source_tree(temporary("checkout") / "swimtx"))
