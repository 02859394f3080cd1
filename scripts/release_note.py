#!/usr/bin/env python3
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Prints the changelog's section of a version, as the note of its release.

``scripts/release_note.py 0.2.0`` fails, with one line, where that is not the package's version or
the section bears no date.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^(\d+\.\d+\.\d+) \((.+)\)\n-+$", re.MULTILINE)


def note(changelog: str, version: str) -> str:
    """Return the lines of a version, in Markdown; raises ValueError if it is not ready."""
    headings = list(HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading[1] == version:
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", heading[2]):
                raise ValueError(f"CHANGELOG.rst: {version} is '{heading[2]}', not a date")
            end = following.start() if following else len(changelog)
            return changelog[heading.end() : end].strip().replace("``", "`") + "\n"
    raise ValueError(f"CHANGELOG.rst has no section {version}")


def main() -> None:
    """Run the program."""
    if len(sys.argv) != 2:
        sys.exit("usage: scripts/release_note.py VERSION")
    version = sys.argv[1]
    packaged = ElementTree.parse(ROOT / "package.xml").findtext("version")
    if version != packaged:
        sys.exit(f"release_note.py: package.xml says {packaged}, not {version}")
    try:
        print(note((ROOT / "CHANGELOG.rst").read_text(encoding="utf-8"), version), end="")
    except ValueError as error:
        sys.exit(f"release_note.py: {error}")


if __name__ == "__main__":
    main()
