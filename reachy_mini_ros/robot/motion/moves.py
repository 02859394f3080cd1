# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Moves as samples over time: the SDK's recorded-move files, and what the daemon plays.

The file format is the SDK's: ``{"description": str, "time": [s, ...], "set_target_data":
[{"head": 4x4, "antennas": [right, left], "body_yaw": rad}, ...]}``. The daemon interpolates
linearly between the samples, rotations along the shortest arc.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry import limits
from reachy_mini_ros.robot.geometry.limits import DOCUMENTED, Reach
from reachy_mini_ros.robot.state import Matrix, Target
from reachy_mini_ros.texts import LONGEST_NAME, shown

LONGEST_S = 600.0
HOLD_S = 0.04
"""Added to what is uploaded. The daemon never quite reaches a move's last sample, and reports an
error if it looks at the clock a moment too late: neither must fall on the motion itself."""
_DECIMALS = 7
_NAME = re.compile(r"[\w.+-]+")
_LONGEST_NAME_BYTES = 200
"""A file system takes 255, with the suffix."""


@dataclass(frozen=True, eq=False, slots=True)
class Move:
    """A motion of the whole robot; the arrays have one row a sample."""

    times_s: Matrix
    """(n,), not decreasing, from 0."""
    heads: Matrix
    """(n, 4, 4), world -> head, metres."""
    antennas: Matrix
    """(n, 2), [right, left], rad, SDK signs."""
    body_yaws: Matrix
    """(n,), rad."""
    description: str = ""

    @property
    def duration_s(self) -> float:
        """Return the time of the last sample."""
        return float(self.times_s[-1])

    def target(self, index: int) -> Target:
        """Return one sample."""
        return Target(self.heads[index], self.antennas[index], float(self.body_yaws[index]))

    def check(
        self,
        reach: Reach = DOCUMENTED,
        *,
        head: bool = True,
        antennas: bool = True,
        from_s: float = 0.0,
    ) -> None:
        """Raise InvalidCommandError if the robot cannot be told one of the samples.

        Without ``head`` (and body) or ``antennas`` these parts are not looked at. Takes some
        20 us a sample: not for the event loop.
        """
        heads, body_yaws = (self.heads, self.body_yaws) if head else (None, None)
        doubts = limits.doubtful(heads, body_yaws, self.antennas if antennas else None, reach)
        for index in np.flatnonzero(doubts & (self.times_s >= from_s)).tolist():
            sample = self.target(index)
            target = Target(
                sample.head_pose if head else None,
                sample.antennas if antennas else None,
                sample.body_yaw if head else None,
            )
            try:
                limits.check(target, reach=reach)
            except InvalidCommandError as error:
                raise InvalidCommandError(f"at {self.times_s[index]:.2f} s: {error}") from None

    def held(self) -> Self:
        """Return the move with its last sample held for :data:`HOLD_S`."""
        return type(self)(
            np.append(self.times_s, self.times_s[-1] + HOLD_S),
            np.concatenate((self.heads, self.heads[-1:])),
            np.concatenate((self.antennas, self.antennas[-1:])),
            np.append(self.body_yaws, self.body_yaws[-1]),
            self.description,
        )

    def to_json(self) -> bytes:
        """Return the move as a file of the SDK's format."""
        rows = zip(
            np.round(self.heads, _DECIMALS).tolist(),
            np.round(self.antennas, _DECIMALS).tolist(),
            np.round(self.body_yaws, _DECIMALS).tolist(),
            strict=True,
        )
        document = {
            "description": self.description,
            "time": np.round(self.times_s, 4).tolist(),
            "set_target_data": [
                {"head": head, "antennas": antennas, "body_yaw": body_yaw}
                for head, antennas, body_yaw in rows
            ],
        }
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the move in a file of the SDK's format.

        Raises InvalidCommandError, saying what is wrong with the file.
        """
        try:
            document = json.loads(text)
            data = document["set_target_data"]
            times_s = np.array(document["time"], dtype=np.float64)
            heads = np.array([np.reshape(row["head"], (4, 4)) for row in data], dtype=np.float64)
            antennas = np.array([row["antennas"] for row in data], dtype=np.float64)
            body_yaws = np.array([row.get("body_yaw", 0.0) for row in data], dtype=np.float64)
            description = str(document.get("description", ""))
        except KeyError as error:
            raise InvalidCommandError(f"not a recorded move: {error} is missing") from None
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise InvalidCommandError(f"not a recorded move: {error}") from None
        _check_arrays(times_s, heads, antennas, body_yaws)
        return cls(times_s - times_s[0], heads, antennas, body_yaws, description)


def _check_arrays(times_s: Matrix, heads: Matrix, antennas: Matrix, body_yaws: Matrix) -> None:
    count = times_s.size
    if count < 2 or times_s.ndim != 1:
        raise InvalidCommandError("a move needs a list of two or more times")
    if len(heads) != count or antennas.shape != (count, 2) or body_yaws.shape != (count,):
        raise InvalidCommandError(f"a move of {count} times needs as many heads and antenna pairs")
    if not all(np.isfinite(array).all() for array in (times_s, heads, antennas, body_yaws)):
        raise InvalidCommandError("a move holds NaN or infinity")
    if (np.diff(times_s) < 0.0).any() or not 0.0 < times_s[-1] - times_s[0] <= LONGEST_S:
        raise InvalidCommandError(
            f"a move's times must increase and span at most {LONGEST_S:.0f} s"
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Where a move is: a file on this machine, or a data set in the robot's cache."""

    name: str
    file: Path | None = None
    dataset: str = ""


def find(name: str, directory: Path, default_dataset: str) -> Source:
    """Return where ``move`` or ``owner/dataset/move`` is; files on this machine come first.

    Raises InvalidCommandError for a name of another form.
    """
    parts = name.strip().split("/")
    if len(parts) not in (1, 3) or not all(map(_is_plain, parts)):
        raise InvalidCommandError(
            f"'{shown(name, LONGEST_NAME)}' is not the name of a move: write 'move' or "
            "'owner/dataset/move'"
        )
    if len(parts) == 3:
        return Source(parts[2], dataset=f"{parts[0]}/{parts[1]}")
    file = directory / f"{parts[0].removesuffix('.json')}.json"
    try:
        is_here = file.is_file()
    except OSError as error:  # a folder that may not be read
        raise InvalidCommandError(f"{file}: {error.strerror}") from None
    return Source(parts[0], file) if is_here else Source(parts[0], dataset=default_dataset)


def check_dataset(name: str) -> None:
    """Raise InvalidCommandError if ``name`` is not of the form ``owner/dataset``."""
    parts = name.split("/")
    if len(parts) != 2 or not all(map(_is_plain, parts)):
        raise InvalidCommandError(
            f"'{shown(name, LONGEST_NAME)}' is not the name of a data set: write 'owner/dataset'"
        )


def load(file: Path) -> Move:
    """Return the move in a file; takes long for a long one.

    Raises InvalidCommandError, naming the file, if it holds none.
    """
    try:
        return Move.from_json(file.read_bytes())
    except (OSError, InvalidCommandError) as error:
        raise InvalidCommandError(f"{file}: {error}") from None


def recorded(directory: Path) -> list[str]:
    """Return the names of the moves in a directory, sorted; none if it does not exist."""
    return sorted(file.stem for file in directory.glob("*.json") if not file.name.startswith("."))


def _is_plain(part: str) -> bool:
    plain = _NAME.fullmatch(part) is not None and not part.startswith(".")
    return plain and len(part.encode()) <= _LONGEST_NAME_BYTES
