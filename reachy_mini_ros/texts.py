# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Text that came from outside, made fit to be logged, published and shown."""

LONGEST = 200
"""Characters that are kept of a text from outside."""
LONGEST_NAME = 80
"""The same of a name in the middle of a sentence."""
LONGEST_SENTENCE = 300
"""Characters of a sentence in which such a text may stand."""


def shown(text: object, longest: int = LONGEST) -> str:
    """Return ``text`` in one line: control characters escaped, cut where it is longer.

    Whoever reads a log or a page sees what came, and what came can neither forge a line of its
    own nor fill the reader's memory.
    """
    whole = str(text)
    kept = "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in whole[: longest + 1]
    )
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"
