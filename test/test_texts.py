# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Text from outside, as it may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.texts import LONGEST, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left_antenna", "left_antenna"),
        ("Grüße", "Grüße"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("bell\x07", "bell\\x07"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
        (3, "3"),
    ],
)
def test_what_a_reader_sees(text: object, expected: str) -> None:
    assert shown(text) == expected


@given(st.text(max_size=400))
def test_one_line_of_bounded_length(text: str) -> None:
    line = shown(text)
    assert len(line) <= LONGEST
    assert line.isprintable()
    line.encode()


def test_what_is_cut_says_so() -> None:
    assert shown("x" * 10**6).endswith("x…")
