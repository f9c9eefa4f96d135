"""Names of points from what vendors call them: snake_case from English, from Chinese by the words of the trade."""

from __future__ import annotations

import re

from shared.field.register_table.vocabulary import names

NAME_CHARS_MAX = 48


def name_point(chinese: str, english: str, fallback: str) -> tuple[str, bool]:
    """A point's name, and whether it says what the vendor's does; `fallback` is used when a word is not known."""
    for text in (english, chinese):
        plain = _snake(text) if text.isascii() else _translate(text)
        if plain:
            return plain[:NAME_CHARS_MAX].rstrip("_"), True
    return fallback, False


def title_of(name: str) -> str:
    """`pump_1_running` -> `Pump 1 running`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _snake(text: str) -> str:
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", text)
    bare = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare)
    words = re.sub(r"[^a-z0-9]+", "_", bare.lower()).strip("_")
    return words if re.match(r"[a-z]", words) else f"n{words}" if words else ""


def _translate(text: str) -> str:
    """Word by word, the longest first; empty when something is left that is no word of the trade."""
    rest = re.sub(r"[(（\[].*?[)）\]]|[\s#、.\-_/:]+", " ", text)
    words: list[str] = []
    while rest:
        ascii_part = re.match(r"[A-Za-z0-9]+", rest)
        found, word = next(((each, english) for each, english in names() if rest.startswith(each)), ("", ""))
        if ascii_part:
            found, word = ascii_part[0], ascii_part[0].lower()
        elif not found and not rest[0].isspace():
            return ""
        words.append(word)
        rest = rest[len(found) or 1 :]
    joined = "_".join(word for word in words if word)
    if re.match(r"\d", joined):  # 1号泵 -> pump_1, not 1_pump
        number, _, joined = joined.partition("_")
        head, _, tail = joined.partition("_")
        joined = "_".join(part for part in (head, number, tail) if part)
    return joined if re.match(r"[a-z]", joined) else ""
