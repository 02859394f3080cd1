# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recorded moves where the robot looks for them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reachy_mini_ros.robot.motion.moves import Move


def nod(duration_s: float = 0.5) -> Move:
    """Return a move of the antennas alone: right to -0.6 rad, left to 0.6 rad."""
    return Move(
        np.linspace(0.0, duration_s, 20),
        np.tile(np.eye(4), (20, 1, 1)),
        np.outer(np.linspace(0.0, 0.6, 20), [1.0, -1.0]),
        np.zeros(20),
        "a greeting",
    )


def cache(home: Path, dataset: str, moves: Mapping[str, Move]) -> None:
    """Put a data set, `owner/name`, into the cache of a HOME, as the daemon downloads it."""
    owner, name = dataset.split("/")
    folder = home / ".cache" / "huggingface" / "hub" / f"datasets--{owner}--{name}"
    snapshot = folder / "snapshots" / ("0123456789" * 4)
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(snapshot.name)
    for each, move in moves.items():
        (snapshot / f"{each}.json").write_bytes(move.to_json())
