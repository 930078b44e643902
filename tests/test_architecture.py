"""What holds for the code as a whole, and no single component can be asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "swimtx"
COMMANDS = ("cli", "__main__", "agent.tap", "agent.bootstrap_tap")


def module_names() -> list[str]:
    """The full name of every module of the package."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in sorted(PACKAGE.rglob("*.py"))]
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


def is_command(module: str) -> bool:
    """Whether a module belongs to the top floor."""
    return any(f"{module}.".startswith(f"swimtx.{command}.") for command in COMMANDS)


class Reactors(SynchronousTestCase):
    def test_importing_all_but_the_commands_installs_no_reactor(self) -> None:
        library = [name for name in module_names() if not is_command(name)]
        self.assertIn("swimtx.agent.control", library)
        self.assertNotIn("swimtx.cli.demo", library)
        script = (
            "import importlib, sys\n"
            "for name in sys.argv[1:]:\n"
            "    importlib.import_module(name)\n"
            "    if 'twisted.internet.reactor' in sys.modules:\n"
            "        sys.exit(f'importing {name} installs the global reactor')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, *library],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
