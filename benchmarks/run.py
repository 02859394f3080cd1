# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All benchmarks, each beside its baseline, into docs/performance.md; fails where an aim is missed.

Each is run some times. Noise is how far its baseline was apart in these runs, in parts of its
median. An aim is a ratio to the baseline, and is missed if the median ratio is above it by more
than the noise; what has no baseline in DESIGN's terms is an absolute figure of this machine, is
told beside its aim, and fails nothing.

    python benchmarks/run.py [--repeats 3] [--keep FILE] [--page FILE] [NAME ...]

With NAME only these are run. With --keep what was found is kept in a file, and what that file has
of others is told too: a run in parts.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from figures import PLACE, Figure, figures

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
BENCHMARKS: dict[str, tuple[str, ...]] = {
    "simulation": ("--seconds", "5"),
    "camera": ("--seconds", "5"),
    "video": ("--seconds", "5"),
    "audio": ("--seconds", "6"),
    "control": ("--seconds", "10"),
    "start": ("--starts", "3"),
    "stop": ("--times", "5"),
    "viewers": ("--seconds", "4"),
    "page_video": ("--seconds", "6"),
    "page_memory": ("--minutes", "4"),
    "app": ("--seconds", "5"),
    "streaming_nodes": ("--seconds", "5", "--times", "1"),
    "streaming_copies": ("--seconds", "4", "--times", "1"),
    "streaming": ("--seconds", "5"),
    "memory": ("--seconds", "5"),
    "fleet": ("--robots", "1", "2", "4", "--seconds", "5"),
}
RATIOS = {
    "picture as video, CPU": 1.5,
    "control, CPU, 200 Hz of targets": 1.4,
    "app, 1 viewers, jpeg, CPU": 1 / 3,
    "app, 3 viewers, jpeg, CPU": 1 / 3,
}
"""Aims that are ratios to the baseline."""
VALUES = {
    "simulated robot, CPU, head still": 25.0,
    "simulated robot, CPU, head turns": 25.0,
    "camera, 0 none, CPU": 7.0,
    "camera, 1 jpeg, CPU": 12.0,
    "camera, 1 raw, CPU": 15.0,
    "camera, 1 jpeg, latency p95": 5.0,
    "camera, 1 raw, latency p95": 3.0,
    "camera, 1 raw, gap p95": 90.0,
    "camera, 1 jpeg, gap p95": 90.0,
    "control, CPU, state only": 5.0,
    "control, topic to socket p95": 2.0,
    "control, passive joints, a call": 0.2,
    "start, control, first head_pose": 2.0,
    "start, camera, first JPEG": 5.0,
    "start, camera, first raw image": 5.0,
    "stop while quiet, p95": 100.0,
    "stop while flood, p95": 100.0,
    "stop while 100,000 points, p95": 100.0,
    "stop while checking, p95": 100.0,
    "stop while fresh, p95": 100.0,
    "page by video, age p50": 150.0,
    "stream node, hls, CPU of it and its senders": 4.0,
    "stream node, hls dash rtmp, CPU of it and its senders": 5.0,
    "app, 0 viewers, jpeg, CPU": 1.0,
    "app, 1 viewers, video, CPU": 5.0,
}
"""Aims that are figures of the machine."""


@dataclass(frozen=True)
class Found:
    """A figure over all repeats."""

    what: str
    unit: str
    value: float
    """The median."""
    baseline: float | None
    ratio: float | None
    noise: float
    """How far the baselines are apart, in parts of their median."""

    @property
    def aim(self) -> str:
        """Return the aim in words."""
        if self.what in RATIOS:
            return f"{RATIOS[self.what]:.2f} times"
        return f"{VALUES[self.what]:g} {self.unit}" if self.what in VALUES else ""

    @property
    def missed(self) -> bool:
        """Whether an aim that is a ratio is missed by more than the noise."""
        limit = RATIOS.get(self.what)
        return limit is not None and (self.ratio is None or self.ratio > limit * (1 + self.noise))

    @property
    def verdict(self) -> str:
        """Return how the figure is to its aim."""
        if self.what in RATIOS:
            limit = RATIOS[self.what]
            within = "within the noise" if self.ratio and self.ratio > limit else "met"
            return "missed" if self.missed else within
        if self.what in VALUES:
            return "met" if self.value <= VALUES[self.what] else "above"
        return ""


def found(runs: Iterable[list[Figure]]) -> list[Found]:
    """Return what repeated runs of one benchmark found."""
    by_name: dict[str, list[Figure]] = defaultdict(list)
    for run in runs:
        for one in run:
            by_name[one.what].append(one)
    return [_found(what, several) for what, several in by_name.items()]


def _found(what: str, several: list[Figure]) -> Found:
    baselines = [one.baseline for one in several if one.baseline]
    ratios = [one.ratio for one in several if one.ratio is not None]
    middle = statistics.median(baselines) if baselines else None
    noise = (max(baselines) - min(baselines)) / middle if middle else 0.0
    ratio = statistics.median(ratios) if ratios else None
    value = statistics.median(one.value for one in several)
    return Found(what, several[0].unit, value, middle, ratio, noise)


def run(name: str, repeats: int) -> list[Found]:
    """Run a benchmark so often. Raises SystemExit if it fails."""
    runs: list[list[Figure]] = []
    for number in range(repeats):
        print(f"{name}, {number + 1} of {repeats}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "figures"
            command = [sys.executable, str(HERE / f"{name}.py"), *BENCHMARKS[name]]
            environment = {**os.environ, PLACE: str(place)}
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, check=False
            )
            if done.returncode or not place.exists():
                raise SystemExit(f"{name} failed:\n{done.stdout[-3000:]}")
            runs.append(figures(place))
    return found(runs)


def machine() -> str:
    """Return what this machine is, in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "?")
    return f"{os.cpu_count()} cores of {model}, load {os.getloadavg()[0]:.1f}"


def row(one: Found, repeats: int) -> str:
    """Return a figure as a row of the table; one run alone tells nothing of noise."""

    def number(value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"

    noise = "" if not one.baseline else f"{100 * one.noise:.0f} %" if repeats > 1 else "not known"
    cells = (
        one.what,
        f"{number(one.value)} {one.unit}",
        f"{number(one.baseline)} {one.unit}" if one.baseline else "",
        number(one.ratio),
        noise,
        one.aim,
        one.verdict,
    )
    return f"| {' | '.join(cells)} |"


def section(kept: dict[str, dict[str, object]]) -> str:
    """Return the generated part of the page."""
    lines = [
        "*Ratio*: the median of the ratios to the baseline of the same run; *noise*: how far the "
        "baselines of the repeated runs were apart. *Missed*: by more than the noise; *above*: a "
        "figure of this machine, which fails nothing.",
    ]
    for name, told in kept.items():
        times = {1: "once", 2: "twice"}.get(told["repeats"], f"{told['repeats']} times")  # type: ignore[call-overload]
        lines += [
            "",
            f"`benchmarks/{name}.py {' '.join(BENCHMARKS[name])}`, {times} on "
            f"{told['date']}, {told['machine']}:",
            "",
            "| | value | baseline | ratio | noise | aim | |",
            "|---|---|---|---|---|---|---|",
            *(row(Found(**one), told["repeats"]) for one in told["found"]),  # type: ignore[attr-defined]
        ]
    return "\n".join(lines)


def write(page: Path, text: str) -> None:
    """Put the generated part between the page's markers. Raises SystemExit without them."""
    whole = page.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} has not {BEGIN} and {END}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def main() -> int:
    """Run, write, and return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(BENCHMARKS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE")
    options = parser.parse_args()
    if wrong := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {' '.join(sorted(wrong))}")
    if not options.page.is_file():
        parser.error(f"no page {options.page}: it has to be there, with {BEGIN} and {END}")
    kept: dict[str, dict[str, object]] = {}
    if options.keep and options.keep.exists():
        kept = json.loads(options.keep.read_text())
    for name in options.names or BENCHMARKS:
        results = run(name, options.repeats)
        kept[name] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "repeats": options.repeats,
            "found": [asdict(one) for one in results],
        }
        if options.keep:
            options.keep.write_text(json.dumps(kept))
    kept = {name: kept[name] for name in BENCHMARKS if name in kept}
    write(options.page, section(kept))
    everything = [Found(**one) for told in kept.values() for one in told["found"]]  # type: ignore[attr-defined]
    for one in everything:
        if one.missed:
            limit = f"{RATIOS[one.what]:.2f}, noise {one.noise:.0%}"
            print(f"missed: {one.what}: {one.ratio:.2f} of {limit}")
    return 1 if any(one.missed for one in everything) else 0


if __name__ == "__main__":
    sys.exit(main())
