"""The documentation: it builds without a warning, its links lead somewhere, every name is in it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urldefrag, urlsplit

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.interface import InterfaceClass

import swimtx
import swimtx.testing

ROOT = Path(__file__).resolve().parent.parent


class Page(HTMLParser):
    """The anchors of a page, and the targets of its links."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.linked: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.anchors.add(given["id"])
        if tag == "img" and "src" in given:
            self.links.append(given["src"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
            if "reference" in given.get("class", ""):
                self.linked.append(given["href"])


@cache
def built() -> tuple[dict[str, Page], set[str], str]:
    """The pages by their names, the names of all files, and what Sphinx printed. Built once."""
    with TemporaryDirectory() as folder:
        html = Path(folder) / "html"
        options = ("-n", "-E", "-q", "-b", "html", "-d", str(Path(folder) / "trees"))
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(html)],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        pages = {str(path.relative_to(html)): Page(path) for path in sorted(html.rglob("*.html"))}
        files = {str(path.relative_to(html)) for path in html.rglob("*")}
        return pages, files, done.stdout + done.stderr


class DocumentationTests(SynchronousTestCase):
    """The pages in HTML."""

    if find_spec("sphinx") is None:
        skip = "sphinx is not installed"

    def setUp(self) -> None:
        self.pages, self.files, self.printed = built()
        if "api.html" not in self.pages:
            raise AssertionError(f"there is no reference: {self.printed}")

    def test_the_documentation_builds_without_a_warning(self) -> None:
        self.assertEqual(self.printed, "")

    def test_every_link_within_the_documentation_leads_to_a_page_and_an_anchor(self) -> None:
        dead = []
        for name, page in self.pages.items():
            for link in page.links:
                where, anchor = urldefrag(link)
                if urlsplit(where).scheme:
                    continue
                target = self.pages.get(where or name)
                there = (where or name) in self.files
                if not there or (anchor and target and unquote(anchor) not in target.anchors):
                    dead.append(f"{name}: {link}")
        self.assertGreater(sum(len(page.links) for page in self.pages.values()), 100)
        self.assertEqual(dead, [])

    def test_the_reference_has_every_public_name(self) -> None:
        anchors = self.pages["api.html"].anchors
        for module in (swimtx, swimtx.testing):
            for name in module.__all__:
                self.assertIn(f"{module.__name__}.{name}", anchors)

    def test_the_reference_has_every_element_of_the_public_interfaces(self) -> None:
        anchors = self.pages["api.html"].anchors
        for name in swimtx.__all__:
            interface = getattr(swimtx, name)
            if isinstance(interface, InterfaceClass):
                for element in interface.names(all=True):
                    self.assertIn(f"swimtx.{name}.{element}", anchors)

    def test_the_reference_has_every_public_method_of_its_classes(self) -> None:
        anchors = self.pages["api.html"].anchors
        internal = {
            "swimtx.Bootstrap.heard",  # the protocol calls it
            "swimtx.Member.from_claim",
            "swimtx.NodeStatus.of",
            "swimtx.testing.VirtualClock.calls_of",  # the processes of the network call these
            "swimtx.testing.VirtualClock.drop",
        }
        for module in (swimtx, swimtx.testing):
            for name in module.__all__:
                documented = getattr(module, name)
                if isinstance(documented, type) and name == documented.__name__:
                    for member, value in vars(documented).items():
                        full = f"{module.__name__}.{name}.{member}"
                        called = callable(value) or isinstance(value, (property, classmethod))
                        if called and not member.startswith("_") and full not in internal:
                            self.assertIn(full, anchors)

    def test_links_of_docstrings_lead_into_the_reference(self) -> None:
        linked = self.pages["api.html"].linked
        for target in (
            "#swimtx.Node.start",  # L{start} in Node.restart
            "#swimtx.SwimService.leave",  # L{leave} in SwimService.join
            "#swimtx.IEnvelope.seal",  # L{seal} in an attribute of a zope interface
            "#swimtx.testing.MemoryReactor.listenUDP",  # L{MemoryReactor.listenUDP}
            "#swimtx.testing.run_for",  # L{swimtx.simulation.run_for.run_for}
            "#swimtx.IMembership",  # the annotation of Node.membership
            "#swimtx.JoinFailed",  # C{JoinFailed} in Node.join
        ):
            self.assertIn(target, linked)


class NameTests(SynchronousTestCase):
    """How the names in docstrings are resolved."""

    if find_spec("sphinx") is None:
        skip = "sphinx is not installed"

    def setUp(self) -> None:
        self.patch(sys, "path", [str(ROOT / "docs"), *sys.path])
        self.resolve = import_module("names").resolve
        self.to_rst = import_module("epytext").to_rst

    def test_public_names_resolve_to_where_the_reference_has_them(self) -> None:
        for name, scope, found in (
            ("Node", None, "swimtx.Node"),
            ("Node.start", None, "swimtx.Node.start"),
            ("start", swimtx.Node, "swimtx.Node.start"),
            ("seal", swimtx.IEnvelope, "swimtx.IEnvelope.seal"),
            ("stall", swimtx.testing.Group, "swimtx.testing.Group.stall"),
            ("swimtx.node.Node.start", None, "swimtx.Node.start"),
            ("HeapClock", None, "swimtx.testing.VirtualClock"),
        ):
            self.assertEqual(self.resolve(name, scope), found, name)

    def test_names_that_exist_outside_of_the_reference_are_no_links(self) -> None:
        for name, scope in (
            ("twisted.internet.defer.Deferred", None),
            ("CannotListenError", swimtx.Node),
            ("IDelayedCall", swimtx.testing.VirtualClock),
            ("None", swimtx.Node),
            ("Codec", swimtx.Node),
        ):
            self.assertEqual(self.resolve(name, scope), "", name)

    def test_names_that_do_not_exist_are_found_out(self) -> None:
        for name in ("nothing", "Node.nothing", "swimtx.nothing", "swimtx.node.Node.nothing"):
            self.assertIsNone(self.resolve(name, swimtx.Node), name)

    def test_links_become_references_and_code_stays_code(self) -> None:
        for docstring, rst in (
            ("See L{start}.", "See :py:obj:`start <swimtx.Node.start>`."),
            ("L{the start<start>}", ":py:obj:`the start <swimtx.Node.start>`"),
            ("L{None}", "``None``"),
            ("C{Member}s", r":py:obj:`Member <swimtx.Member>`\ s"),
            ("C{{1: 2}}", "``{1: 2}``"),
        ):
            self.assertEqual(self.to_rst([docstring], swimtx.Node), [rst])
