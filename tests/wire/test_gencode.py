"""The generated code corresponds to the schema.

The compiler needs an older protobuf than swimtx runs with, so the test installs it in a temporary
environment of its own.
"""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from swimtx.wire import swim_pb2

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = "swimtx/wire/swim.proto"
COMPILER = "grpcio-tools==1.80.1"
TIMEOUT = 300


def without_json_names(file: FileDescriptorProto) -> FileDescriptorProto:
    """The same description without the JSON names, which only some compilers write."""
    plain = FileDescriptorProto()
    plain.CopyFrom(file)

    def strip(message: DescriptorProto) -> None:
        for field in [*message.field, *message.extension]:
            field.ClearField("json_name")
        for inner in message.nested_type:
            strip(inner)

    for message in plain.message_type:
        strip(message)
    for field in plain.extension:
        field.ClearField("json_name")
    return plain


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


class GeneratedCodeTestCase(SynchronousTestCase):
    """``swim_pb2.py``, compared with ``swim.proto``."""

    def compiler(self) -> Path:
        """The Python of an environment in which the compiler is installed."""
        place = Path(tempfile.mkdtemp(prefix="swimtx-compiler-"))
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        venv.create(place, symlinks=True)
        python = place / "bin" / "python"
        pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet")
        try:
            subprocess.run(
                [*pip, "--only-binary=:all:", COMPILER],
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise SkipTest(f"needs the tool grpcio-tools: {error.stderr.strip()}") from error
        except subprocess.TimeoutExpired as error:
            raise SkipTest("needs the tool grpcio-tools: it took too long to get") from error
        return python

    def described(self, python: Path, schema: Path) -> FileDescriptorProto:
        """The compiler's description of the schema under the root folder ``schema``."""
        out = python.parent / "described"
        command = [str(python), "-m", "grpc_tools.protoc", "-I.", f"--descriptor_set_out={out}"]
        subprocess.run([*command, SCHEMA], cwd=schema, timeout=TIMEOUT, check=True)
        [file] = FileDescriptorSet.FromString(out.read_bytes()).file
        return without_json_names(file)

    def test_the_generated_code_was_made_from_the_present_schema(self) -> None:
        python = self.compiler()
        checked_in = FileDescriptorProto()
        swim_pb2.DESCRIPTOR.CopyToProto(checked_in)
        self.assertEqual(without_json_names(checked_in), self.described(python, ROOT))

        changed = python.parent / SCHEMA
        changed.parent.mkdir(parents=True)
        changed.write_text((ROOT / SCHEMA).read_text() + "\nmessage OneMore { bool field = 1; }\n")
        self.assertNotEqual(
            without_json_names(checked_in),
            self.described(python, python.parent),
            "the comparison missed a change of the schema",
        )

    def test_the_schema_was_compiled_from_the_root_so_that_its_name_is_unique(self) -> None:
        self.assertEqual(swim_pb2.DESCRIPTOR.name, SCHEMA)

    def test_the_generated_code_loads_under_the_oldest_allowed_protobuf(self) -> None:
        text = (ROOT / "swimtx" / "wire" / "swim_pb2.py").read_text()
        made_by = re.search(r"^# Protobuf Python Version: ([\d.]+)$", text, re.MULTILINE)
        setup = configparser.ConfigParser()
        setup.read(ROOT / "setup.cfg")
        oldest = re.search(r"^protobuf>=([\d.]+)", setup["options"]["install_requires"], re.M)
        assert made_by and oldest
        self.assertLessEqual(version(made_by[1]), version(oldest[1]))
