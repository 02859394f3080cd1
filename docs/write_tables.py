#!/usr/bin/env python3
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/interface.md's tables of topics, services, actions and parameters, or checks them.

They come from reachy_mini_ros/nodes/interface.md and from the nodes' tables of parameters; that of
app.md from the app's table of settings. The policy in config/sros2/ comes from the first of these.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from reachy_mini_ros.app.table import TABLE, variable  # noqa: E402
from reachy_mini_ros.nodes import interface  # noqa: E402
from reachy_mini_ros.nodes.policy import policy  # noqa: E402

INTERFACE = ROOT / "docs" / "interface.md"
APP = ROOT / "docs" / "app.md"
POLICY = ROOT / "config" / "sros2" / "reachy_mini.policy.xml"
NODES = ("camera", "audio", "control", "dashboard", "stream")


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it would")
    check = parser.parse_args().check
    new = INTERFACE.read_text(encoding="utf-8")
    for kind in interface.KINDS:
        new = with_table(new, kind, [row(offer) for offer in interface.offers(kind)])
    put(INTERFACE, with_table(new, "Parameters", parameter_rows()), check)
    settings = APP.read_text(encoding="utf-8")
    put(APP, with_table(settings, "Settings", list(setting_rows())), check)
    put(POLICY, policy(), check)


def put(path: Path, new: str, check: bool) -> None:
    """Write a file, or end with 1 if that would change it."""
    if path.exists() and new == path.read_text(encoding="utf-8"):
        return
    if check:
        sys.exit(f"{path.name} is not up to date: run docs/write_tables.py")
    path.write_text(new, encoding="utf-8")


def setting_rows() -> Iterator[str]:
    """Return a row for each setting of the app."""
    for setting in TABLE:
        default = f"`{setting.default}`" if setting.default else "none"
        cells = (f"`{setting.name}`", default, setting.bounds, setting.description)
        yield f"| `{variable(setting.name)}` | {' | '.join(cells)} |"


def row(offer: interface.Offer) -> str:
    """Return what one of the nodes offers as a row."""
    direction = f" {offer.direction} |" if offer.direction else ""
    text = re.sub(r"\[docs/([\w.]+)\]\(\.\./\.\./docs/", r"[\1](", offer.text)
    text = text.replace("](../../docs/", "](").replace("](../../", "](../")
    return f"| `{offer.name}` | `{offer.type}` |{direction} {text} |"


def parameter_rows() -> list[str]:
    """Return a row for each parameter of each node."""
    rows = []
    for node in NODES:
        for param in interface.parameters(node):
            default = f" `{interface.shown(param)}` " if param.default != "" else "  "
            live = "" if param.read_only else "; live"
            rows.append(
                f"| `{node}` | `{param.name}` |{default}| {param.bounds} "
                f"| {param.description}{live} |"
            )
    return rows


def with_table(text: str, heading: str, rows: list[str]) -> str:
    """Return ``text`` with the rows of the first table below a heading replaced."""
    before, mark, rest = text.partition(f"\n## {heading}\n")
    lines = rest.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|")) + 2
    after = (number for number in range(start, len(lines)) if not lines[number].startswith("|"))
    end = next(after, len(lines))
    return before + mark + "\n".join([*lines[:start], *rows, *lines[end:]]) + "\n"


if __name__ == "__main__":
    main()
