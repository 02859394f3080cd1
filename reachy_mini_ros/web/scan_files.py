# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a scan leaves on the disk: pictures, strips, grid, panorama and the manifest.

Everything but the constructor blocks on the disk: call it in a thread.
"""

import json
import math
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from reachy_mini_ros.files import write_atomically
from reachy_mini_ros.media import jpeg, panorama
from reachy_mini_ros.media.frames import Picture
from reachy_mini_ros.media.panorama import Extent, View
from reachy_mini_ros.robot.geometry.scan_plan import Step
from reachy_mini_ros.web.commands import Scan
from reachy_mini_ros.web.gallery import Folder
from reachy_mini_ros.web.robot import Shot

MANIFEST, GRID, PANORAMA = "manifest.json", "panorama_grid.jpg", "panorama.jpg"
BODY_TOLERANCE_DEG = 2.0
NAME = re.compile(r"scan_\d{8}T\d{6}_\d{6}Z\Z")
FILE = re.compile(r"[a-z0-9_+-]+\.(?:jpg|json)\Z")


@dataclass(frozen=True, eq=False, slots=True)
class Taken:
    """One picture of a scan."""

    step: Step
    shot: Shot
    body_yaw: float
    """Measured, degrees."""


class ScanFiles:
    """One scan's folder; it is made with the first file."""

    def __init__(self, parent: Path, scan: Scan) -> None:
        now = datetime.now(UTC)
        self.name = f"scan_{now:%Y%m%dT%H%M%S}_{now.microsecond:06d}Z"
        self.folder = parent / self.name
        self._scan = scan
        self._views: list[View] = []
        self._entries: list[dict[str, object]] = []
        self._skipped: list[dict[str, object]] = []
        self._drifts: list[dict[str, object]] = []

    @property
    def count(self) -> int:
        """How many pictures were taken."""
        return len(self._entries)

    @property
    def first_reason(self) -> str:
        """Return why the first step that was skipped was."""
        return str(self._skipped[0]["reason"]) if self._skipped else ""

    def add(self, taken: Taken) -> None:
        """Keep a picture; raises OSError if it cannot be saved."""
        step, shot = taken.step, taken.shot
        image = _within(shot.image, self._scan.max_edge)
        height, width = image.shape[:2]
        name = f"picture_{self.count + 1:02d}.jpg"
        self._save(name, image)
        model = None if shot.model is None else shot.model.resized(width, height)
        entry: dict[str, object] = {
            "file": name,
            "stamp": shot.taken_s,
            "asked": asdict(step),
            "world_yaw": _degrees(math.atan2(shot.head_pose[1, 0], shot.head_pose[0, 0])),
            "body_yaw": taken.body_yaw,
            "head_pose": shot.head_pose.round(6).tolist(),
            "width": width,
            "height": height,
        }
        if model is not None:
            entry["camera_matrix"] = model.k.round(4).tolist()
            entry["distortion_model"] = model.distortion_model
            entry["distortion_coefficients"] = list(model.d)
        self._views.append(View(image, shot.head_pose, model, step.pitch))
        self._entries.append(entry)
        drift = taken.body_yaw - step.body_yaw
        if abs(drift) > BODY_TOLERANCE_DEG:
            self._drifts.append({"file": name, "drift": round(drift, 2)})

    def skipped(self, step: Step, reason: str) -> None:
        """Note a step without a picture."""
        self._skipped.append({**asdict(step), "reason": reason})

    def finish(self, state: str, reason: str) -> tuple[str, ...]:
        """Make what is made of all pictures and the manifest; return the files' names."""
        made: dict[str, object] = {}
        views = self._views
        if views:
            strips = []
            for pitch in sorted({view.pitch for view in views}):
                strips.append(panorama.strip([one for one in views if one.pitch == pitch]))
                name = f"strip_pitch_{round(pitch):+03d}.jpg"
                self._save(name, strips[-1])
                made[name] = {"pitch": pitch}
            self._save(GRID, panorama.grid(strips))
            made[GRID] = {}
        obstacle = panorama.obstacle(views)
        if not obstacle:
            extent = panorama.extent(views)
            self._save(PANORAMA, panorama.stitch(views, extent))
            made[PANORAMA] = _described(extent)
        content = {
            "frame": "x forward, y left, z up; the neutral head is the origin; degrees, metres",
            "state": state,
            "reason": reason,
            "settings": self._scan.model_dump(),
            "pictures": self._entries,
            "skipped": self._skipped,
            "body_drift_warnings": {"tolerance": BODY_TOLERANCE_DEG, "pictures": self._drifts},
            "made": made,
            "no_panorama": obstacle,
        }
        write_atomically(self.folder / MANIFEST, json.dumps(content, indent=1).encode())
        return (*made, MANIFEST)

    def _save(self, name: str, image: Picture) -> None:
        write_atomically(self.folder / name, jpeg.encode(image, self._scan.quality).tobytes())


def find(parent: Path, name: str, file: str) -> bytes:
    """Return a file of a scan; raises FileNotFoundError for what is none."""
    folder = parent / name
    if not NAME.match(name) or folder.is_symlink():
        raise FileNotFoundError
    return Folder(folder, lambda name: FILE.match(name) is not None).read(file)


def names(parent: Path) -> tuple[str, ...]:
    """Return the names of all scans, the newest first."""
    try:
        with os.scandir(parent) as entries:
            found = [
                entry.name
                for entry in entries
                if NAME.match(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return ()
    return tuple(sorted(found, reverse=True))


def _described(extent: Extent) -> dict[str, object]:
    """Return what tells where a pixel of the panorama is."""
    return {
        "projection": "cylindrical",
        "yaw_of_first_column": _degrees(extent.left),
        "degrees_per_column": math.degrees(1.0 / extent.scale),
        "tangent_of_elevation_of_first_row": round(extent.top, 6),
        "tangent_per_row": 1.0 / extent.scale,
        "width": extent.width,
        "height": extent.height,
        "assumed_distance": panorama.DISTANCE_M,
    }


def _within(image: Picture, edge: int) -> Picture:
    height, width = image.shape[:2]
    scale = edge / max(height, width)
    if scale >= 1.0:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _degrees(angle_rad: float) -> float:
    return round(math.degrees(angle_rad), 3)
