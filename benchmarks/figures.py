# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures as programs read them: benchmarks/run.py says where to; else none are written."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

PLACE = "REACHY_MINI_FIGURES"
"""Names the file, a line of JSON for each figure."""


@dataclass(frozen=True)
class Figure:
    """One, and what it is beside."""

    what: str
    value: float
    unit: str
    baseline: float | None = None
    """The same of the stated baseline, in the same run."""

    @property
    def ratio(self) -> float | None:
        """Return the value in baselines."""
        return self.value / self.baseline if self.baseline else None


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep(what: str, value: float, unit: str, baseline: float | None = None) -> None:
    """Write a figure if anybody wants it."""
    if PLACE in os.environ:
        with Path(os.environ[PLACE]).open("a") as file:
            print(json.dumps(asdict(Figure(what, value, unit, baseline))), file=file)


_UNITS = {"_kB_s": "kB/s", "_percent": "%", "_ms": "ms", "_hz": "Hz", "_s": "s"}


def keep_all(what: str, ours: dict[str, float], usual: dict[str, float]) -> None:
    """Write those figures whose names end in a unit."""
    for name, value in ours.items():
        for end, unit in _UNITS.items():
            if name.endswith(end):
                words = name.removesuffix(end).replace("_", " ")
                keep(f"{what}, {words.replace('cpu', 'CPU')}", value, unit, usual.get(name))
                break


def figures(file: Path) -> list[Figure]:
    """Return what was written."""
    return [Figure(**json.loads(line)) for line in file.read_text().splitlines()]
