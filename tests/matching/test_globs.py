import re
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.matching.globs import Names, glob_matches


@pytest.mark.parametrize(
    ("glob", "text"),
    [
        ("", "anything"),
        ("", ""),
        ("*", ""),
        ("7-zip*", "7-Zip 24.08"),
        ("*office*", "Microsoft OFFICE 365"),
        ("PC-??", "pc-01"),
        ("ÄRGER*", "ärger im Netz"),
        ("[prod] *", "[Prod] 7-Zip"),
        ("a.b", "a.b"),
        ("**x**", "axb"),
        ("line*end", "line\nend"),
        ("ΣΑΣ*", "σας und Söhne"),
        ("?stanbul", "İstanbul"),
        ("Stra?e", "Straße"),
        ("*.?xe", "setup.EXE"),
        ("a*?c*d", "a-bc-d"),
        ("Caf\u00e9*", "CAFE\u0301 Lab"),
        ("Cafe\u0301*", "caf\u00e9 Lab"),
        ("Caf?", "Cafe\u0301"),
        ("\u1e96*", "H\u0331 Lab"),
        ("J\u030c?", "\u01f0x"),
        ("i\u0307stanbul", "\u0130STANBUL"),
        ("istanbul", "I\u0307STANBUL"),
        ("\ud55c*", "\u1112\u1161\u11ab\uae00"),
        ("\u212bngstr\u00f6m", "\u00e5ngstro\u0308m"),
    ],
)
def test_a_glob_matches(glob: str, text: str) -> None:
    assert glob_matches(glob, text)


@pytest.mark.parametrize(
    ("glob", "text"),
    [
        ("7-zip", "7-Zip 24.08"),
        ("7-zip*", "my 7-Zip"),
        ("PC-??", "PC-001"),
        ("?", ""),
        ("[ab]*", "apple"),
        ("[!x]", "a"),
        ("a.b", "axb"),
        ("a|b", "a"),
        ("a", "a\n"),
        ("ab*ba", "aba"),
        ("*?", ""),
        ("a*b*a", "ab"),
        ("?*?*?", "ab"),
    ],
)
def test_a_glob_does_not_match(glob: str, text: str) -> None:
    assert not glob_matches(glob, text)


def test_many_stars_on_a_long_name_come_to_an_answer() -> None:
    assert not glob_matches("*a" * 15 + "*b", "a" * 3000)


def test_a_target_is_found_however_its_accents_are_encoded() -> None:
    assert Names(["PC-001", "Bu\u0308ro-7"]).any_matches("b\u00fcro-*")


@given(st.text(st.characters(exclude_characters="*?"), max_size=20))
def test_canonically_equal_texts_match_each_other(text: str) -> None:
    assert glob_matches(normalize("NFC", text), normalize("NFD", text))
    assert glob_matches(normalize("NFD", text), normalize("NFC", text))


few = st.text(st.sampled_from("abA?* ."), max_size=8)


@given(few, st.text(st.sampled_from("abA ."), max_size=12))
def test_the_answer_is_that_of_a_regular_expression(glob: str, text: str) -> None:
    pattern = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in glob)
    assert glob_matches(glob, text) == (not glob or re.fullmatch(pattern, text, re.IGNORECASE) is not None)


@given(few.filter(bool), st.lists(st.text(st.sampled_from("abA ."), min_size=1, max_size=6), max_size=6))
def test_of_many_names_one_matches_if_one_alone_would(glob: str, names: list[str]) -> None:
    assert Names(names).any_matches(glob) == any(glob_matches(glob, name) for name in names)


@given(st.text(st.characters(exclude_characters="*?"), min_size=1, max_size=50))
def test_what_has_no_star_and_no_question_mark_matches_itself(text: str) -> None:
    assert glob_matches(text, text)


@given(st.lists(st.text(max_size=10), min_size=2, max_size=6))
def test_stars_match_whatever_stands_in_their_place(pieces: list[str]) -> None:
    glob = "*".join(piece.replace("*", "").replace("?", "") for piece in pieces)
    assert glob_matches(glob, "~".join(piece.replace("*", "").replace("?", "") for piece in pieces))
