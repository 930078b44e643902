"""``.. zope-interface:: swimtx.IMembership`` documents an interface, which autodoc passes over."""

from __future__ import annotations

import ast
import importlib
import inspect
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from epytext import to_rst
from sphinx.application import Sphinx
from zope.interface.interface import InterfaceClass


def describe(name: str) -> list[str]:
    """The reStructuredText for an interface: its own elements, in the order of the source."""
    module, _, short = name.rpartition(".")
    interface: InterfaceClass = getattr(importlib.import_module(module), short)
    written = [f".. py:currentmodule:: {module}", "", f".. py:class:: {short}", ""]
    written += ["   A ``zope.interface`` interface.", ""]
    written += _indented(inspect.getdoc(interface) or "", interface)
    declared = _declarations(interface)
    elements: dict[str, Any] = dict(interface.namesAndDescriptions())
    for element in sorted(elements, key=list(declared).index):
        declaration = declared[element]
        if isinstance(declaration, ast.FunctionDef):
            returned = f" -> {ast.unparse(declaration.returns)}" if declaration.returns else ""
            written += [
                f"   .. py:method:: {element}({ast.unparse(declaration.args)}){returned}",
                "",
            ]
        else:
            written += [f"   .. py:attribute:: {element}"]
            if isinstance(declaration, ast.AnnAssign):
                written += [f"      :type: {ast.unparse(declaration.annotation)}"]
            written += [""]
        documented = inspect.cleandoc(elements[element].__doc__ or "")
        written += _indented(documented, interface, "      ")
    return written


def _declarations(interface: InterfaceClass) -> dict[str, ast.stmt]:
    """The statement that declares each element. zope keeps no annotations of methods."""
    source = inspect.getsource(importlib.import_module(interface.__module__))
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.ClassDef) and statement.name == interface.__name__:
            return dict(_named(declared) for declared in statement.body)
    raise LookupError(interface)


def _named(statement: ast.stmt) -> tuple[str, ast.stmt]:
    if isinstance(statement, ast.FunctionDef):
        return statement.name, statement
    if isinstance(statement, ast.AnnAssign):
        return ast.unparse(statement.target), statement
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0]), statement
    return "", statement


def _indented(docstring: str, interface: InterfaceClass, indent: str = "   ") -> list[str]:
    return [*(indent + line for line in to_rst(docstring.split("\n"), interface)), ""]


class ZopeInterface(Directive):
    """``.. zope-interface:: NAME``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        holder = nodes.container()
        lines = StringList(describe(name), name)
        self.state.nested_parse(lines, self.content_offset, holder)
        return list(holder.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("zope-interface", ZopeInterface)
    return {"parallel_read_safe": True}
