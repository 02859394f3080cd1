# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes a file's table of platforms from the results of scripts/matrix.sh: both are arguments."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

COLUMNS = tuple((distro, numpy) for distro in ("kilted", "jazzy") for numpy in (1, 2))
BETWEEN = re.compile(
    r"(<!-- scripts/matrix.sh writes this -->\n).*?(<!-- until here -->)", re.DOTALL
)


def result_of(suite: ElementTree.Element) -> str:
    """Return what a run gave, in words."""
    number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    passed = number["tests"] - failed - number["skipped"]
    words = [f"{passed} passed", f"{number['skipped']} skipped", f"{failed} failed"]
    return ", ".join(word for word in words if not word.startswith("0 "))


def table(results: list[Path]) -> str:
    """Return the table of all results: a row for each system and Python, a column for each pair."""
    rows: dict[str, dict[tuple[str, int], str]] = {}
    for path in sorted(results):
        suite = ElementTree.parse(path).getroot()[0]
        platform, numpy = suite.get("name", "").rsplit(" ", 1)
        distro = path.stem.split("-")[-2]
        rows.setdefault(platform, {})[distro, int(numpy[0])] = f"{result_of(suite)} ({numpy})"
    heads = [f"{distro.capitalize()}, numpy {numpy}" for distro, numpy in COLUMNS]
    lines = [["wheels on", *heads], ["---"] * (len(heads) + 1)]
    lines += [[name, *(row.get(one, "not run") for one in COLUMNS)] for name, row in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Write into the first file named the table of the others, JUnit XML."""
    readme, *results = map(Path, sys.argv[1:])
    text, count = BETWEEN.subn(
        lambda found: found[1] + table(results) + found[2], readme.read_text(encoding="utf-8")
    )
    if count != 1:
        sys.exit(f"{readme} has no place for the table of platforms")
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
