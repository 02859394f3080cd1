# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which share of the lines of each folder was run, from coverage's JSON, and if it is enough."""

import json
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "reachy_mini_ros"
REST = "the rest"
LEFT = 10
"""Files to name in which most lines are left."""


def floors() -> dict[str, float]:
    """Return the least share of each folder, in per cent, of docs/coverage.md."""
    rows = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8").splitlines()
    cells = [row.strip("|").split("|") for row in rows if row.endswith("% |")]
    return {row[0].strip().strip("`/"): float(row[2].strip(" %")) for row in cells}


def shares(files: dict[str, dict[str, dict[str, int]]]) -> dict[str, float]:
    """Return the share of the lines that were run, in per cent, by folder of the package."""
    lines: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for path, one in files.items():
        parts = Path(path).parts
        inside = parts[parts.index(PACKAGE) + 1 :] if PACKAGE in parts else ()
        for name in (inside[0] if len(inside) > 1 else REST, "all"):
            lines[name][0] += one["summary"]["covered_lines"]
            lines[name][1] += one["summary"]["num_statements"]
    return {name: 100 * run / count for name, (run, count) in lines.items() if count}


def main() -> int:
    """Print the table; return 1 where a folder has less than it must."""
    files = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]
    least = floors()
    low = 0
    for name, share in sorted(shares(files).items()):
        wanted = least.get(name, least[REST])
        note = f"{wanted:.0f} at least" if name != "all" else ""
        if "--floors" in sys.argv[2:] and note and share < wanted:
            note += ": TOO FEW"
            low = 1
        print(f"{name:12} {share:5.1f} % of lines {note}".rstrip())
    worst = sorted(files, key=lambda path: -files[path]["summary"]["missing_lines"])[:LEFT]
    for path in worst:
        left = files[path]["missing_lines"]
        print(f"{path}: {len(left)} left: {', '.join(map(str, left))[:90]}")
    return low


if __name__ == "__main__":
    sys.exit(main())
