"""Words of a text, as people look for them.

Chinese is written without spaces, so of each run of its characters every single one and every pair is a word: whatever
of two and more characters somebody looks for is found by its pairs. Latin words and numbers are words as they stand,
and are found by their beginning. Case, width (full or half) and other forms of one character make no difference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

WORD_CHARS_MAX = 40
"""Longer words are told apart by their first characters only, and then by the text itself."""
TEXT_CHARS_MAX = 4000
"""What is searched of one text."""

_CHINESE = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
_CHINESE += "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""Han, and the scripts beside it that set no spaces either."""
_RUNS = re.compile(rf"(?P<chinese>[{_CHINESE}]+)|(?P<word>(?:(?![{_CHINESE}_])\w)+)")

Kind = Literal["chinese", "word"]


@dataclass(frozen=True, slots=True)
class Search:
    """`terms` must all stand in the text; `words` and `beginnings` are what an index can know of that."""

    terms: tuple[str, ...]
    words: frozenset[str]
    beginnings: frozenset[str]

    @property
    def finds_nothing(self) -> bool:
        """Nothing in it can be looked for: it is made of marks alone."""
        return not (self.words or self.beginnings)

    def matches(self, text: str) -> bool:
        """`text`: of a row that was found by the index, as `tidy` left it."""
        folded = fold(text)
        return not self.finds_nothing and all(_stands_in(folded, term) for term in self.terms)


def parse(wish: str) -> Search:
    """What somebody typed: terms between spaces. Those without any letter or number are left out."""
    terms: list[str] = []
    words: set[str] = set()
    beginnings: set[str] = set()
    for term in fold(tidy(wish)).split():
        runs = list(_runs(term))
        if not runs:
            continue
        terms.append(term)
        for kind, run, end in runs:
            if kind == "chinese":
                words.update(_pairs(run) if len(run) > 1 else run)
            elif end == len(term):
                beginnings.add(run[:WORD_CHARS_MAX])
            else:
                words.add(run[:WORD_CHARS_MAX])
    return Search(tuple(terms), frozenset(words), frozenset(beginnings))


def words_of(text: str) -> set[str]:
    """Every word that the text is found by."""
    found: set[str] = set()
    for kind, run, _ in _runs(fold(text)):
        if kind == "chinese":
            found.update(run)
            found.update(_pairs(run))
        else:
            found.add(run[:WORD_CHARS_MAX])
    return found


def fold(text: str) -> str:
    """One form of all that people take for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def tidy(text: str) -> str:
    """Without what no database keeps in a text, and no longer than is searched."""
    short = text[:TEXT_CHARS_MAX]
    return "".join(each if each == "\n" or unicodedata.category(each)[0] != "C" else " " for each in short)


def _runs(folded: str) -> Iterator[tuple[Kind, str, int]]:
    """Kind, characters and end of each run."""
    for found in _RUNS.finditer(folded):
        kind: Kind = "chinese" if found.lastgroup == "chinese" else "word"
        yield kind, found.group(), found.end()


def _pairs(run: str) -> Iterator[str]:
    return (run[at : at + 2] for at in range(len(run) - 1))


def _stands_in(folded: str, term: str) -> bool:
    """Latin words are found by their beginning only, so that both databases can find the same."""
    begins_word = _kind_at(term, 0) == "word"
    at = folded.find(term)
    while at >= 0:
        if not begins_word or at == 0 or _kind_at(folded, at - 1) != "word":
            return True
        at = folded.find(term, at + 1)
    return False


def _kind_at(text: str, at: int) -> Kind | None:
    found = _RUNS.match(text[at])
    return None if found is None else "chinese" if found.lastgroup == "chinese" else "word"
