# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Meshes made small: the SDK's own, and what is none."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.geometry.meshes import (
    CELLS_M,
    MAGIC,
    Floats,
    Mesh,
    packed,
    read_stl,
    simplified,
)

LARGE = ("head_front_3dprint.stl", "body_top_3dprint.stl", "antenna.stl")
SMALL = ("phs_1_7x20_5_dc10.stl", "dc15_a01_case_f_dummy.stl", "b3b_eh.stl")


def stl(triangles: Floats) -> bytes:
    rows = b"".join(
        struct.pack("<12fH", 0, 0, 0, *triangle.ravel().tolist(), 0) for triangle in triangles
    )
    return bytes(80) + struct.pack("<I", len(triangles)) + rows


def read(name: str) -> Floats:
    return read_stl(sdk.mesh_files()[name].read_bytes())


def area(triangles: Floats) -> float:
    a, b, c = triangles.astype(float).transpose(1, 0, 2)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def triangles_of(mesh: Mesh) -> Floats:
    return np.asarray(mesh.positions[mesh.indices], np.float32)


@pytest.mark.parametrize("name", [*LARGE, *SMALL])
def test_a_part_keeps_its_shape(name: str) -> None:
    before = read(name)
    mesh = simplified(before)
    cell_m = CELLS_M[name in SMALL]
    corners = before.reshape(-1, 3)
    for one, other in (
        (corners.min(0), mesh.positions.min(0)),
        (corners.max(0), mesh.positions.max(0)),
    ):
        assert np.abs(one - other).max() < cell_m
    # Each vertex is where some were: in a cell, whose diagonal is sqrt(3).
    for place in mesh.positions[:: max(1, len(mesh.positions) // 200)]:
        assert np.linalg.norm(corners - place, axis=1).min() < 1.75 * cell_m
    if name in LARGE:
        assert abs(area(triangles_of(mesh)) / area(before) - 1) < 0.05


@pytest.mark.parametrize("name", LARGE)
def test_normals_look_outwards_as_the_triangles_do(name: str) -> None:
    mesh = simplified(read(name))
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-5)
    a, b, c = triangles_of(mesh).astype(float).transpose(1, 0, 2)
    flat = np.cross(b - a, c - a)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    # No corner is shaded as if its triangle were turned by more than the crease, and a bit.
    assert ((mesh.normals[mesh.indices] * flat[:, None]).sum(2) > np.cos(np.radians(60))).all()


def test_a_box_keeps_its_edges() -> None:
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
    sides = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    faces = [triangle for a, b, c, d in sides for triangle in ((a, b, c), (a, c, d))]
    mesh = simplified(corners[np.array(faces)] * np.float32(0.1))
    assert (len(mesh.indices), len(mesh.positions)) == (12, 24), "three normals at each corner"
    assert {tuple(np.round(normal).astype(int).tolist()) for normal in mesh.normals} == {
        *((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
    }


def test_what_is_packed_is_what_was_made_of_it() -> None:
    mesh = simplified(read(LARGE[0]))
    data = packed(mesh)
    vertices, triangles, *box = struct.unpack_from("<II6f", data, 4)
    assert (data[:4], vertices, triangles) == (MAGIC, len(mesh.positions), len(mesh.indices))
    low, size = np.array(box[:3]), np.array(box[3:])
    shares = np.frombuffer(data, "<u2", 3 * vertices, 36).reshape(-1, 3)
    np.testing.assert_allclose(low + shares / 65535 * size, mesh.positions, atol=1e-5)
    at = 36 + 6 * vertices
    np.testing.assert_array_equal(
        np.frombuffer(data, "<u2", 3 * triangles, at).reshape(-1, 3), mesh.indices
    )
    normals = np.frombuffer(data, np.int8, 3 * vertices, at + 6 * triangles).reshape(-1, 3)
    np.testing.assert_allclose(normals / 127, mesh.normals, atol=0.005)
    assert len(data) == at + 6 * triangles + 3 * vertices


def test_the_whole_robot_is_small() -> None:
    sizes = [
        len(gzip.compress(packed(simplified(read_stl(file.read_bytes())))))
        for file in sdk.mesh_files().values()
    ]
    assert len(sizes) > 30
    assert sum(sizes) < 1_500_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"solid text\nendsolid text\n",
        stl(np.zeros((2, 3, 3), np.float32))[:-1],
        stl(np.zeros((2, 3, 3), np.float32)) + b"x",
        stl(np.zeros((0, 3, 3), np.float32)),
        stl(np.full((2, 3, 3), np.nan, np.float32)),
    ],
    ids=["empty", "text", "cut", "longer", "without triangles", "no numbers"],
)
def test_what_is_no_mesh_is_told(content: bytes) -> None:
    with pytest.raises(MalformedError):
        read_stl(content)


def test_a_mesh_of_which_nothing_is_left_is_told() -> None:
    with pytest.raises(MalformedError):
        simplified(np.zeros((4, 3, 3), np.float32))


@given(st.binary(max_size=400))
def test_no_bytes_do_harm(content: bytes) -> None:
    try:
        triangles = read_stl(content)
    except MalformedError:
        return
    assert triangles.shape[1:] == (3, 3)
