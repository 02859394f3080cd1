# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of what scripts/mutation.sh found."""

import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HEAD = """# Do the tests notice?

[Coverage](coverage.md) tells which lines the tests run; what they would notice, small changes of
the code tell: another operator, a number one larger or smaller (half as large again where it is not
whole), a condition the other way round, `None` in place of a result, a statement left out.
`scripts/mutation.sh` made them one at a time, ran the module's tests against each, and wrote
this page. [mutation.toml](../scripts/mutation.toml) has the tests of each module and the reasons
below. A change that all of these tests pass has *survived*: a test is missing, or there is nothing
to notice.

{run}

*Possible*: all changes of the module. *Not reached*: in lines that none of these tests runs; others
may. *Run*: a sample of the others, the same each time, and a smaller one of the modules whose tests
start a robot or wait (`--slow`). *Killed*: a test failed, or the module could not be imported.
*Too late*: ended after five times the CPU time or three times the time of the unchanged module, and
at least a minute, which counts as noticed.

"""
COLUMNS = ("possible", "not reached", "run", "killed", "too late", "survived", "of these explained")
NUMBERS = ("found", "not_reached", "run", "late")
UNKNOWN = "not looked at yet"
LONGEST = 160
"""Of a change; what is longer is cut off."""


def row_of(module: str, result: dict[str, Any], explained: int | None = None) -> str:
    """Return a module's row; on the terminal as well."""
    survived = len(result["survivors"])
    killed = result["run"] - survived - result["late"]
    numbers = [result[name] for name in ("found", "not_reached", "run")]
    numbers += [killed, result["late"], survived]
    return row(f"`{module}`", *numbers, *([] if explained is None else [explained]))


def row(*cells: object) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def code(text: str) -> str:
    """Return source for a cell of a table, which it must not end."""
    return f"`{text if len(text) <= LONGEST else text[:LONGEST] + ' ...'}`".replace("|", "\\|")


def page_of(table: dict[str, Any], folder: Path, sample: int) -> str:
    """Return the page of the results in a folder."""
    results = {}
    tests = [*table["tests"], *table.get("slow", {})]
    for module in tests:
        kept = folder / (module.replace("/", ".") + ".json")
        if kept.exists():
            results[module] = json.loads(kept.read_text())
    reasons = table.get("reasons", {})
    rows, left = [], []
    for module, result in results.items():
        why = reasons.get(module, {})
        known = [name for _, name in result["survivors"] if name in why]
        rows.append(row_of(module, result, len(known)))
        left += [
            row(f"`{module}:{line}`", code(name), why.get(name, UNKNOWN))
            for line, name in result["survivors"]
        ]
    total = {key: sum(result[key] for result in results.values()) for key in NUMBERS}
    survived = [one for result in results.values() for one in result["survivors"]]
    explained = sum(not cells.endswith(f"| {UNKNOWN} |") for cells in left)
    rows.append(row_of("all", {**total, "survivors": survived}, explained).replace("`", "**"))
    dates = sorted({result["date"] for result in results.values()})
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    run = f"Run on {' and '.join(dates)}, Kilted, {machine}, {sample} changes of a module at most."
    return "\n".join(
        [
            HEAD.format(run=run).rstrip("\n"),
            "",
            *_table(["module", *COLUMNS], rows),
            *(["## What survived", "", *_table(["where", "change", "why"], left)] if left else []),
            "## What was not run",
            "",
            *_not_run(tests, results),
        ]
    )


def _table(columns: list[str], rows: list[str]) -> list[str]:
    return [row(*columns), "|" + "---|" * len(columns), *rows, ""]


def _not_run(tests: Iterable[str], results: Iterable[str]) -> list[str]:
    """Return what is said of the modules without results in the rooms of the others."""
    rooms = {Path(*Path(module).parts[:2]) for module in tests}
    files = {path.as_posix() for room in rooms for path in room.rglob("*.py")} - set(results)
    names = [f"`{path}`" for path in sorted(files) if not path.endswith("__init__.py")]
    if not names:
        return ["Nothing of these folders.", ""]
    text = (
        f"{len(names)} modules of the same folders. Their tests need ROS or wait too long for "
        "this, or they have none of their own:"
    )
    return [text, "", ", ".join(names) + ".", ""]
