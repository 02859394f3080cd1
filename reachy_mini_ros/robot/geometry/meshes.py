# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Meshes made small enough to be sent to a browser: out of STL, merged, coarsened, packed.

The packed form is little-endian: ``MAGIC``, the counts of vertices and triangles (uint32), the
lowest corner and the size of the bounding box (3 + 3 float32, metres), then positions (3 uint16 a
vertex, shares of the box), indices (3 uint16 a triangle), unit normals (3 int8 a vertex, of 127).
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.errors import MalformedError

MAGIC = b"RMM1"
CELLS_M = 0.0004, 0.001
"""Vertices closer than about this become one: in a large part, and in a small one. Most triangles
of the robot are in its screws and motors, which are a few pixels large."""
LARGE_M = 0.05
"""From corner to corner of a part's bounding box."""
_CREASE_COSINE = np.cos(np.radians(40.0))
"""Triangles that meet at a wider angle have an edge between them, others look like one surface."""
_MOST_VERTICES = 2**16
_STL = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")])
_STL_HEAD = 84

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with shared vertices."""

    positions: Floats
    """(vertices, 3), metres."""
    normals: Floats
    """(vertices, 3), unit vectors."""
    indices: NDArray[np.uint16]
    """(triangles, 3), counter-clockwise seen from outside."""


def read_stl(content: bytes) -> Floats:
    """Return the triangles (n, 3, 3) of a binary STL; raises MalformedError if it is none."""
    count = struct.unpack_from("<I", content, _STL_HEAD - 4)[0] if len(content) > _STL_HEAD else 0
    if not count or len(content) != _STL_HEAD + count * _STL.itemsize:
        raise MalformedError("a mesh is no binary STL, or not a whole one")
    triangles = np.frombuffer(content, _STL, count, _STL_HEAD)["corners"].astype(np.float32)
    if not np.isfinite(triangles).all():
        raise MalformedError("a mesh has vertices that are no finite numbers")
    return triangles


def simplified(triangles: Floats, cell_m: float | None = None) -> Mesh:
    """Merge the vertices in each cell of a grid, and leave out what becomes no triangle.

    ``triangles`` is (n, 3, 3), metres; ``cell_m`` is the edge of a cell, without it one of
    :data:`CELLS_M`. Edges stay sharp: normals are averaged over what is about
    flat alone. Raises MalformedError for a mesh of which nothing is left, or too much.
    """
    corners = triangles.reshape(-1, 3)
    if cell_m is None:
        cell_m = CELLS_M[bool(np.linalg.norm(np.ptp(corners, axis=0)) < LARGE_M)]
    cells = np.floor((corners - corners.min(0)) / cell_m).astype(np.int64)
    _, cluster, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    cluster = cluster.reshape(-1)
    sums = [np.bincount(cluster, corners[:, axis]) for axis in range(3)]
    places = np.stack(sums, 1).astype(np.float64) / counts[:, None]
    faces = np.sort(cluster.reshape(-1, 3), 1)
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2])
    faces = _one_of_each(cluster.reshape(-1, 3)[whole])
    normals, areas = _face_normals(places, faces)
    faces, normals, areas = faces[areas > 0], normals[areas > 0], areas[areas > 0]
    smooth = _corner_normals(faces, normals, areas)
    # A vertex is a place with a normal: at an edge there are two at one place.
    key = np.column_stack([faces.reshape(-1), np.round(smooth * 16).astype(np.int64)])
    _, first, indices = np.unique(key, axis=0, return_index=True, return_inverse=True)
    if not 0 < len(first) <= _MOST_VERTICES:
        raise MalformedError(f"a mesh has {len(first)} vertices: between 1 and {_MOST_VERTICES}")
    return Mesh(
        places[faces.reshape(-1)[first]].astype(np.float32),
        smooth[first].astype(np.float32),
        indices.reshape(-1, 3).astype(np.uint16),
    )


def packed(mesh: Mesh) -> bytes:
    """Return the packed form, see above."""
    low = mesh.positions.min(0)
    size = np.maximum(mesh.positions.max(0) - low, 1e-9)
    shares = np.round((mesh.positions - low) / size * 65535).astype("<u2")
    return b"".join(
        (
            MAGIC,
            struct.pack("<II6f", len(mesh.positions), len(mesh.indices), *low, *size),
            shares.tobytes(),
            mesh.indices.astype("<u2").tobytes(),
            np.round(mesh.normals * 127).astype(np.int8).tobytes(),
        )
    )


def _one_of_each(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out triangles that are there already, from whichever corner on they begin."""
    start = faces.argmin(1)[:, None]
    turned = np.take_along_axis(faces, (start + np.arange(3)) % 3, 1)
    return np.unique(turned, axis=0)


def _face_normals(
    places: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return unit normals and areas."""
    a, b, c = (places[faces[:, corner]] for corner in range(3))
    cross = np.cross(b - a, c - a)
    lengths = np.linalg.norm(cross, axis=1)
    return cross / np.maximum(lengths, 1e-300)[:, None], lengths / 2


def _corner_normals(
    faces: NDArray[np.int64], normals: NDArray[np.float64], areas: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return for each corner (3 a face) the mean normal of the faces there that are about flat."""
    corner = faces.reshape(-1)
    face = np.repeat(np.arange(len(faces)), 3)
    order = np.argsort(corner, kind="stable")
    ordered, sizes = corner[order], np.bincount(corner)
    begin = np.cumsum(sizes) - sizes
    sums = np.zeros((len(corner), 3))
    # Each corner with the first one at its place, with the second one, ...
    for step in range(int(sizes.max(initial=0))):
        has = sizes[ordered] > step
        mine = order[has]
        other = face[order[begin[ordered[has]] + step]]
        flat = (normals[face[mine]] * normals[other]).sum(1) > _CREASE_COSINE
        sums[mine[flat]] += (normals[other] * areas[other][:, None])[flat]
    return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True))
