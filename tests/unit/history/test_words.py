"""What of a text can be looked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.history.domain.words import fold, parse, tidy, words_of

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=12)
ANY = st.text(max_size=60)
TYPED = st.text(st.sampled_from("水泵2号站 abAB-.é_　Ａ"), max_size=12)

SENTENCE = "新华道泵站：2号泵 启动 Xinhuadao pump station: pump 2 start, 10.0.0.1 wang"


def finds(wish: str, text: str) -> bool:
    """By the index and by the text, as the databases do."""
    search = parse(wish)
    index = words_of(text)
    by_index = search.words <= index and all(any(word.startswith(each) for word in index) for each in search.beginnings)
    assert by_index or not search.matches(text), "the index finds whatever the text has"
    return by_index and search.matches(text)


@pytest.mark.parametrize(
    "wish",
    [
        "泵站",
        "泵",
        "华道泵",
        "号泵",
        "2号泵",
        "pump",
        "PUMP",
        "sta",
        "xin pump",
        "启动 wang",
        "10.0.0.1",
        "１０.0",
        "泵站 -",
        "道泵站：2号",
    ],
)
def test_it_is_found(wish: str) -> None:
    assert finds(wish, SENTENCE)


@pytest.mark.parametrize("wish", ["站泵", "泵动", "ump", "tation", "wang li", "号2", "-", "", "pump-station", "启动泵"])
def test_it_is_not_found(wish: str) -> None:
    assert not finds(wish, SENTENCE)


@given(st.data(), ANY, CHINESE, ANY)
def test_every_part_of_a_chinese_run_finds_it(data: st.DataObject, before: str, run: str, after: str) -> None:
    first = data.draw(st.integers(0, len(run) - 2))
    last = data.draw(st.integers(first + 2, len(run)))
    assert finds(run[first:last], tidy(f"{before} {run} {after}"))


@given(CHINESE)
def test_every_character_of_a_chinese_run_finds_it(run: str) -> None:
    assert all(finds(each, run) for each in run)


@given(TYPED, TYPED)
def test_the_index_misses_nothing_that_the_text_has(wish: str, text: str) -> None:
    finds(wish, text)


@given(ANY, ANY)
def test_the_index_misses_nothing_in_any_script(wish: str, text: str) -> None:
    finds(wish, tidy(text))


@given(ANY)
def test_a_text_is_folded_once_and_for_all(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_what_no_database_keeps_is_left_out() -> None:
    assert "a b\nc d" == tidy("a\0b\nc\x1bd")
