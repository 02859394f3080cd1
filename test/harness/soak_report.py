# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a soak measured, what of it is not as promised, and the page that tells it."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harness.fault_report import machine
from harness.fault_rig import Resources
from harness.soak_clients import CAMERA, CAMERA_HZ, DAEMON, GAP_S, JUDGE, JUDGES_GAP_S, WATCHED
from harness.soak_plot import plot

TRANSPORTS = {
    "": "shared memory and UDP, as by default",
    "udp": "UDP alone (`--udp`; for other programs `FASTDDS_BUILTIN_TRANSPORTS=UDPv4`)",
}
"""Fast DDS's, by the last argument of harness.soak."""
TEMPLATE = Path(__file__).parents[1] / "soak" / "page.md"
GROWTH_MB_MIN = 1.0
STILL_MB_MIN = 0.05
"""What grows by less than this need not slow down."""
SHORTEST_S = 600.0
"""Growth over less than this is not judged: pages come and go by the megabyte."""
MORE = 8
RATE = 0.02
NEAR_S = 1.0
"""A gap is not ours if the judge, or the source, has one of its own within this time of it."""
EXPLAINS = 0.25
"""So much of a gap those of the judge or the source have to last."""
USUAL_HZ = {DAEMON: 50.0, CAMERA: CAMERA_HZ} | {
    topic: rate_hz for topic, (_, rate_hz) in WATCHED.items()
}
SOURCES = {"joint_states": DAEMON, "head_pose": DAEMON} | {
    topic: CAMERA for topic in WATCHED if topic.startswith("camera/")
}
JUDGES = {
    JUDGE: "the judge's timer",
    DAEMON: "the daemon's own states",
    CAMERA: "the simulated camera's pictures",
}


@dataclass(frozen=True)
class Sample:
    """What a process has at a time of the soak."""

    name: str
    at_s: float
    rss_mb: float
    anonymous_mb: float
    """Of that the process's own memory; the rest are files, and memory shared with others."""
    shared_mb: float
    descriptors: int
    threads: int

    @classmethod
    def of(cls, name: str, pid: int, at_s: float) -> Self:
        has = Resources.of(pid)
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        kb = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
        parts = (int(kb[key]) / 1024 for key in ("RssAnon", "RssShmem"))
        return cls(name, at_s, has.rss_mb, *parts, has.descriptors, has.threads)

    def row(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Growth:
    """How one process did."""

    name: str
    samples: list[Sample]
    warm_s: float

    def values(self, of: str) -> NDArray[np.float64]:
        return np.array([getattr(one, of) for one in self.samples], np.float64)

    @property
    def judged(self) -> bool:
        """Whether there is enough after the beginning."""
        return self.samples[-1].at_s - self.warm_s >= SHORTEST_S

    @property
    def own_mb(self) -> NDArray[np.float64]:
        """Return what the process shares with no other: its own memory, and files."""
        return np.asarray(self.values("rss_mb") - self.values("shared_mb"))

    @cached_property
    def slopes_mb_min(self) -> tuple[float, float, float]:
        """Of the memory after the beginning (in all if that is short), and of that's halves."""
        at_min = self.values("at_s") / 60
        own_mb = self.own_mb
        after = at_min >= self.warm_s / 60 if self.judged else at_min >= 0
        at_min, own_mb = at_min[after], own_mb[after]
        middle = len(at_min) // 2
        whole, first, last = (
            float(np.polyfit(at_min[part], own_mb[part], 1)[0]) if len(at_min[part]) > 1 else 0.0
            for part in (slice(None), slice(0, middle), slice(middle, None))
        )
        return whole, first, last

    def more(self, of: str) -> float:
        """Return how many more there are in the last minute than in the first, by the medians."""
        values, at_s = self.values(of), self.values("at_s")
        first = values[at_s <= max(60.0, at_s[0])]
        last = values[at_s >= at_s[-1] - 60.0]
        return float(np.median(last) - np.median(first))

    def missed(self) -> list[str]:
        whole, first, last = self.slopes_mb_min
        found = [
            f"{self.name} has {self.more(of):.0f} more {of}"
            for of in ("descriptors", "threads")
            if self.more(of) > MORE
        ]
        if self.judged and whole >= GROWTH_MB_MIN:
            found.append(f"{self.name} grows by {whole:.2f} MB a minute")
        if self.judged and last > max(first, STILL_MB_MIN):
            found.append(f"{self.name} grows ever faster: {first:.2f}, then {last:.2f} MB a minute")
        return found


@dataclass(frozen=True)
class Soak:
    """All of it."""

    begun: float
    """Unix time."""
    minutes: float
    warm_s: float
    load: float
    """Tasks that wanted to run, on average."""
    samples: list[Sample]
    topics: dict[str, Any]
    visitors: int
    complaints: list[str]

    @property
    def growths(self) -> list[Growth]:
        names = dict.fromkeys(one.name for one in self.samples)
        return [
            Growth(name, [one for one in self.samples if one.name == name], self.warm_s)
            for name in names
        ]

    def due_hz(self, topic: str) -> float:
        """Return what a topic's rate would be, by what its source and the judge had."""
        usual = USUAL_HZ[topic]
        source = SOURCES.get(topic, JUDGE)
        return (
            usual if topic in JUDGES else usual * self.topics[source]["rate_hz"] / USUAL_HZ[source]
        )

    def gaps(self, topic: str) -> list[float]:
        """Return the lengths, in seconds, of those gaps that nothing else explains."""
        others = [
            (at - NEAR_S, at + length + NEAR_S, length)
            for source in {JUDGE, SOURCES.get(topic, JUDGE)}
            for at, length in self.topics[source]["gaps"]
        ]
        return [
            length
            for at, length in self.topics[topic]["gaps"]
            if EXPLAINS * length
            > sum(one for begin, end, one in others if begin < at + length and end > at)
        ]

    def missed(self) -> list[str]:
        """Return what is not as promised."""
        found = [line for growth in self.growths for line in growth.missed()]
        for topic in WATCHED:
            if topic == JUDGE:
                continue
            rate_hz, due_hz = self.topics[topic]["rate_hz"], self.due_hz(topic)
            if all(abs(rate_hz / one - 1) > RATE for one in (due_hz, USUAL_HZ[topic])):
                found.append(f"{topic} comes at {rate_hz:.2f} Hz instead of {due_hz:.2f}")
            if gaps := self.gaps(topic):
                found.append(f"{topic} has {len(gaps)} gaps, the longest of {max(gaps):.2f} s")
        return found + self.complaints


def _growth_row(growth: Growth) -> str:
    whole, first, last = growth.slopes_mb_min
    own_mb, shared_mb = growth.own_mb, growth.values("shared_mb")
    cells = (
        growth.name,
        f"{own_mb[0]:.0f}, {own_mb[-1]:.0f}",
        f"{shared_mb[0]:.0f}, {shared_mb[-1]:.0f}",
        f"{whole:+.2f}",
        f"{first:+.2f}, {last:+.2f}",
        *(
            f"{growth.values(of)[0]:.0f}, {growth.values(of)[-1]:.0f}"
            for of in ("descriptors", "threads")
        ),
    )
    return f"| {' | '.join(cells)} |"


def _topic_row(soak: Soak, topic: str) -> str:
    told = soak.topics[topic]
    lengths = [length for _, length in told["gaps"]]
    cells = (
        JUDGES.get(topic, f"`{topic}`"),
        f"{told['rate_hz']:.2f}",
        f"{soak.due_hz(topic):.2f}",
        f"{len(lengths)}",
        f"{max(lengths, default=0.0):.2f}",
        "" if topic in JUDGES else f"{len(soak.gaps(topic))}",
    )
    return f"| {' | '.join(cells)} |"


def page(soak: Soak, distribution: str, transports: str) -> str:
    """Return the page's text."""
    missed = soak.missed()
    verdict = "All of it was as promised." if not missed else "Not as promised:\n\n"
    return TEMPLATE.read_text(encoding="utf-8").format(
        date=datetime.fromtimestamp(soak.begun, UTC).date().isoformat(),
        distribution=distribution.capitalize(),
        transports=transports,
        machine=machine(),
        load=f"{soak.load:.1f}",
        minutes=f"{soak.minutes:g}",
        warm=f"{soak.warm_s / 60:g}",
        visitors=soak.visitors,
        growth="\n".join(_growth_row(one) for one in soak.growths),
        topics="\n".join(_topic_row(soak, topic) for topic in USUAL_HZ),
        verdict=verdict + "\n".join(f"- {one}" for one in missed),
        gap_ms=f"{GAP_S * 1e3:.0f}",
        judges_gap_ms=f"{JUDGES_GAP_S * 1e3:.0f}",
        near_s=f"{NEAR_S:g}",
    )


def write(soak: Soak, to: Path, distribution: str, transports: str = TRANSPORTS[""]) -> None:
    """Write the page, and its plot beside it."""
    to.write_text(page(soak, distribution, transports), encoding="utf-8")
    lines = {one.name: (one.values("at_s") / 60, one.own_mb) for one in soak.growths}
    to.with_suffix(".svg").write_text(plot(lines, "min", "MB"), encoding="utf-8")
