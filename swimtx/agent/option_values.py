"""Parsers for the values of command line options; each raises a ValueError that says why."""

from __future__ import annotations

import math

from swimtx.addresses import split_host_port
from swimtx.config import PROFILES


def port_number(text: str) -> int:
    """A port number, 0 to 65535; 0 lets the system pick.

    @raise ValueError: the text is not a port number.
    """
    if not (text.isascii() and text.isdigit()) or int(text) > 0xFFFF:
        raise ValueError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """A time above zero, in seconds.

    @raise ValueError: the text is not a number above zero.
    """
    return _above_zero(text, "seconds")


def periods(text: str) -> float:
    """A time above zero, in protocol periods.

    @raise ValueError: the text is not a number above zero.
    """
    return _above_zero(text, "periods")


def _above_zero(text: str, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError(f"a number of {unit} above zero is wanted, not {text!r}")
    return value


def count(text: str) -> int:
    """A whole number, 1 or more.

    @raise ValueError: the text is not such a number.
    """
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ValueError(f"a number from 1 up is wanted, not {text!r}")
    return int(text)


def profile(text: str) -> str:
    """The name of a profile, a preset of times.

    @raise ValueError: no profile has this name.
    """
    if text not in PROFILES:
        raise ValueError(f"the profile is one of {', '.join(PROFILES)}, not {text!r}")
    return text


def host_and_port(text: str) -> tuple[str, int]:
    """The host and port of C{HOST[:PORT]}; port 0 if there is none.

    An IPv6 literal with a port is in brackets.

    @raise ValueError: the text is not of that form.
    """
    try:
        host, port = split_host_port(text)
    except ValueError as error:
        raise ValueError(f"HOST or HOST:PORT is wanted, not {text!r}: {error}") from None
    if not host:
        raise ValueError(f"HOST or HOST:PORT is wanted, not {text!r}")
    return host, 0 if port is None else port_number(port)


def key_and_value(text: str) -> tuple[str, str]:
    """The two parts of C{KEY=VALUE}; the value may be empty and may hold more equals signs.

    @raise ValueError: the key or the equals sign is missing.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ValueError(f"a tag is KEY=VALUE, not {text!r}")
    return key, value
