"""Docstrings are written for Twisted's own tools, in epytext. Here Sphinx learns to read them.

C{L{...}} becomes a link into the reference, or code if the reference does not have it. A name that
does not exist is a warning, so that C{sphinx-build -n -W} finds it. Each C{@ivar} and each field of
a dataclass becomes an attribute with an anchor of its own.
"""

from __future__ import annotations

import builtins
import dataclasses
import enum
import importlib
import inspect
import re
from collections.abc import Iterable
from typing import Any

from docutils import nodes
from names import resolve, without_reprs
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from swimtx import Config, Reactor

_FIELDS = {"param": "param", "return": "return", "raise": "raises"}
_FIELD = re.compile(r"^@(ivar|param|return|raise)\b ?([\w.]*):\s*(.*)$")
_CODE = re.compile(r"C\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}(\w?)")
_LINK = re.compile(r"L\{([^{}<]*?)\s*(?:<([\w.]+)>)?\}(\w?)")
_NAME = re.compile(r"[A-Z]\w*(\.\w+)*(\(\))?")
_WITHOUT_ARGUMENTS = {enum.Enum, tuple, Reactor}  # users do not call these classes
_log = logging.getLogger(__name__)


def to_rst(lines: Iterable[str], scope: Any = None) -> list[str]:
    """The same docstring in reStructuredText.

    @param scope: the class that the docstring belongs to, or is inside of.
    """
    written: list[str] = []
    in_fields = False
    for said in _inline(lines, scope):
        line = said
        field = _FIELD.match(line)
        if field is not None:
            if not in_fields and written and written[-1]:
                written.append("")
            in_fields = True
            kind, name, text = field.groups()
            line = f":{_FIELDS[kind]}{' ' + name if name else ''}: {text}"
        elif in_fields and line and not line.startswith(" "):
            written.append("")
            in_fields = False
        written.append(line)
    return written


def split_variables(lines: Iterable[str]) -> tuple[list[str], dict[str, list[str]]]:
    """A docstring without its C{@ivar} fields, and the lines of each of these by its name."""
    rest: list[str] = []
    variables: dict[str, list[str]] = {}
    current = rest
    for line in lines:
        field = _FIELD.match(line)
        if field is not None and field[1] == "ivar":
            current = variables[field[2]] = [field[3]]
        elif field is not None or (line and not line.startswith(" ")):
            current = rest
            rest.append(line)
        else:
            current.append(line if current is rest else line.strip())
    return rest, variables


def _inline(lines: Iterable[str], scope: Any) -> list[str]:
    """The lines with their links and their code."""
    # A link may be broken over two lines; lines do not change in number.
    text = _LINK.sub(
        lambda found: _link(found[1], found[2], scope) + _glue(found[3]), "\n".join(lines)
    )
    return _CODE.sub(lambda found: _code(found[1], scope) + _glue(found[2]), text).split("\n")


def _glue(after: str) -> str:
    """What separates markup from a letter after it, such as that of a plural, without a space."""
    return after and rf"\ {after}"


def _link(text: str, target: str | None, scope: Any) -> str:
    name = (target or text).removesuffix("()")
    found = resolve(name, scope)
    if found is None:
        _log.warning("L{%s} in %r names nothing", name, scope, type="epytext")
    if not found:
        return text if target else f"``{text}``"
    text = text.rpartition(".")[2] if text.startswith("swimtx.") else text
    return f":py:obj:`{text} <{found}>`"


def _code(text: str, scope: Any) -> str:
    """Code is a link too where it is the name of a class of the reference, or of a part of one."""
    found = resolve(text.removesuffix("()"), scope) if _NAME.fullmatch(text) else None
    return f":py:obj:`{text} <{found}>`" if found else f"``{text}``"


def _attributes(scope: type, variables: dict[str, list[str]]) -> list[str]:
    """An attribute for each field of a class, and for each C{@ivar} that is none."""
    written: list[str] = []
    fields = {field.name: field for field in dataclasses.fields(scope)} if _is_data(scope) else {}
    annotations = inspect.get_annotations(scope)
    for name in dict.fromkeys([*fields, *getattr(scope, "_fields", ()), *variables]):
        written += ["", f".. py:attribute:: {name}"]
        if name in annotations:
            written += [f"   :type: {_text(annotations[name])}"]
        default = _default(scope, fields[name]) if name in fields else ""
        if default:
            written += [f"   :value: {default}"]
        written += ["", *(f"   {line}" for line in _inline(variables.get(name, []), scope)), ""]
    return written


def _is_data(scope: type) -> bool:
    return dataclasses.is_dataclass(scope)


def _text(annotation: Any) -> str:
    """The source of an annotation; a tuple's are held in a wrapper."""
    text = getattr(annotation, "__forward_arg__", annotation)
    return text if isinstance(text, str) else without_reprs(inspect.formatannotation(text))


def _default(scope: type, field: dataclasses.Field[Any]) -> str:
    """The default of a field. A setting may have one for each preset."""
    if scope is Config:
        presets = {name: Config(profile=name) for name in ("local", "lan", "wan")}
        values = {name: getattr(preset, field.name) for name, preset in presets.items()}
        if field.name == "profile":
            return "'lan'"
        if field.name == "interface":
            return "by type and insecure: loopback, or every address if insecure"
        if len({repr(value) for value in values.values()}) > 1:
            return ", ".join(f"{value!r} ({name})" for name, value in values.items())
        return repr(dict(values["lan"]) if field.name == "tags" else values["lan"])
    if field.default is dataclasses.MISSING or not field.init:
        return ""
    return repr(field.default)


def _class_in(module: str, name: str) -> Any:
    """The class or function of that name in a documented module; C{None} if there is none."""
    return getattr(importlib.import_module(module), name, None)


def _scope_of(what: str, name: str, documented: Any) -> Any:
    """The class that a docstring belongs to; for a function, the function."""
    if what not in ("method", "property", "attribute"):
        return documented
    module, owner, _ = name.rsplit(".", 2)
    return _class_in(module, owner)


def _process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    scope = _scope_of(what, name, obj)
    rest, variables = split_variables(lines)
    lines[:] = to_rst(rest, scope)
    if what in ("class", "exception"):
        lines += ["", *_attributes(obj, variables)]


def _process_signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    arguments: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """Leave out what the attributes repeat, and the C{repr} of zope interfaces."""
    if isinstance(obj, type) and (_is_data(obj) or _WITHOUT_ARGUMENTS.intersection(obj.__mro__)):
        return "", None
    return arguments and without_reprs(arguments), returned and without_reprs(returned)


def _missing_reference(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement
) -> nodes.Node | None:
    """Find what Sphinx did not: names by their module, and names that are no part of the reference.

    @return: C{None} for a name that does not exist, of which Sphinx warns.
    """
    if node.get("refdomain") != "py":
        return None
    module, owner = node.get("py:module") or "swimtx", node.get("py:class")
    scope = _class_in(module, owner) if owner else None
    target = without_reprs(node["reftarget"]).removeprefix("~")
    if target != node["reftarget"]:
        text = nodes.inline("", target.rpartition(".")[2])
    found = resolve(target, scope)
    if found is None:
        return None
    if found:
        domain = env.domains.python_domain
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found, node, text)
    return text


def _leave_out_builtins(app: Sphinx, page: nodes.document) -> None:
    """Link no C{type} or C{str} of an annotation: Sphinx would take any attribute of that name."""
    for node in list(page.findall(pending_xref)):
        if node.get("reftype") == "class" and hasattr(builtins, node["reftarget"]):
            node.replace_self(node.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _process_signature)
    app.connect("doctree-read", _leave_out_builtins)
    app.connect("missing-reference", _missing_reference)
    return {"parallel_read_safe": True}
