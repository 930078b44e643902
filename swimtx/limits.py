"""Limits of the fields of claims and messages, and checks of names and tags."""

from __future__ import annotations

from collections.abc import Iterable

MAX_NAME_BYTES = 128
MAX_CLUSTER_BYTES = 64
MAX_TAGS = 32
MAX_TAGS_BYTES = 512  # keys and values together
MAX_INCARNATION = 2**30
MAX_EPOCH = 2**53  # milliseconds; JSON parsers may round greater numbers
MAX_EVIDENCE = 16  # entries of one claim
MAX_AGE = 2**31  # seconds


def check_text(text: str, most: int, what: str) -> None:
    """Check that C{text} is a valid name: 1 to C{most} bytes of UTF-8, no control characters.

    @param what: the name of the field, for the text of the error.
    @raise ValueError: C{text} is not a valid name; the text says why.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= most:
        raise ValueError(f"{what} must be 1 to {most} bytes of UTF-8, not {text!r}")
    if not text.isprintable() and any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise ValueError(f"{what} {text!r} holds a control character")


def check_tags(tags: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Check the tags of a member.

    @param tags: C{(key, value)} pairs.
    @return: the pairs, sorted.
    @raise ValueError: a key or value is not a text, a key is not a valid name or occurs twice, a
        value cannot be encoded as UTF-8, there are more than C{MAX_TAGS}, or they exceed
        C{MAX_TAGS_BYTES} together.
    """
    pairs = tuple(tags)
    for key, value in pairs:
        if not isinstance(key, str) or not isinstance(value, str):
            raise ValueError(f"tags map text to text, not {key!r} to {value!r}")
    pairs = tuple(sorted(pairs))
    if len(pairs) > MAX_TAGS:
        raise ValueError(f"there may be at most {MAX_TAGS} tags, not {len(pairs)}")
    for key, _ in pairs:
        check_text(key, MAX_NAME_BYTES, "a tag's key")
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a tag's key stands twice")
    if sum(len(key.encode()) + len(value.encode()) for key, value in pairs) > MAX_TAGS_BYTES:
        raise ValueError(f"tags must be at most {MAX_TAGS_BYTES} bytes, keys and values together")
    return pairs
