"""Resolves the names in docstrings and annotations: public ones to where the reference has them."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
from types import ModuleType
from typing import Any

import swimtx
import swimtx.testing

#: The modules that the reference documents. An object in both is documented in the first.
DOCUMENTED: tuple[ModuleType, ...] = (swimtx, swimtx.testing)

#: Where names are looked up that a docstring gives without their module.
_COMMON = tuple(
    importlib.import_module(f"twisted.internet.{name}") for name in ("error", "defer", "interfaces")
)

_INTERFACE = re.compile(r"<InterfaceClass ([\w.]+)>")


def without_reprs(text: str) -> str:
    """The text of an annotation with the dotted names of zope interfaces for their C{repr}."""
    return _INTERFACE.sub(r"~\1", text)


def public_name(found: object) -> str | None:
    """The name by which the reference documents an object; C{None} if it does not."""
    names = [
        f"{module.__name__}.{name}"
        for module in DOCUMENTED
        for name in module.__all__
        if getattr(module, name) is found
    ]
    own = getattr(found, "__name__", "")  # an alias has the name of what it stands for
    return next((name for name in names if name.endswith(f".{own}")), None)


def resolve(name: str, scope: Any = None) -> str | None:
    """Where the reference has a name, as it is written in the docstring of a class or function.

    @param scope: the class or function; its members are tried first, its module's names last.
    @return: a full dotted name; an empty text for something that exists and is not in the
        reference: of Twisted, zope or Python, or internal; C{None} if nothing has that name.
    """
    owner = public_name(scope)
    first, *rest = name.split(".")
    if owner is not None and _member(scope, [first, *rest]) is not _MISSING:
        return f"{owner}.{name}"
    home = importlib.import_module(getattr(scope, "__module__", None) or "swimtx")
    for start in (*DOCUMENTED, home, *_for_type_checkers(home, first), builtins, *_COMMON):
        found = getattr(start, first, _MISSING)
        if found is not _MISSING and _member(found, rest) is not _MISSING:
            return _in_reference(found, rest)
    return _absolute(name)


_MISSING = object()


def _for_type_checkers(module: ModuleType, name: str) -> list[ModuleType]:
    """The module that another imports a name from for type checkers only."""
    return [
        importlib.import_module(statement.module)
        for block in ast.parse(inspect.getsource(module)).body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module
        if name in [alias.name for alias in statement.names]
    ]


def _absolute(name: str) -> str | None:
    """Resolve a name that begins with a package, such as C{swimtx.node.Node.start}."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        found = getattr(module, parts[length], _MISSING)
        rest = parts[length + 1 :]
        if found is _MISSING or _member(found, rest) is _MISSING:
            return None
        return _in_reference(found, rest)
    return None


def _in_reference(found: object, rest: list[str]) -> str:
    public = public_name(found)
    return "" if public is None else ".".join([public, *rest])


def _member(found: Any, path: list[str]) -> Any:
    """The member of a class, or an element of a zope interface, by its path."""
    for part in path:
        if hasattr(found, "namesAndDescriptions"):
            found = dict(found.namesAndDescriptions(all=True)).get(part, _MISSING)
        else:
            found = getattr(found, part, _MISSING)
        if found is _MISSING:
            return _MISSING
    return found
