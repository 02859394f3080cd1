# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's shape and its joints, as the dashboard sends them, and the libraries that draw it."""

import gzip
import hashlib
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import pytest
from harness.dashboard import Serve
from harness.events import EventStream
from harness.pictures import Client
from harness.waiting import wait_for

from reachy_mini_ros.files import cache_directory
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.web import joints
from reachy_mini_ros.web.vendored import ADDRESSES, PATH, libraries

VENDOR = resources.files("reachy_mini_ros.web").joinpath("vendor")
MESH = "/api/model/meshes/head_front_3dprint.stl"


def test_the_urdf_names_meshes_that_are_there(serve: Serve) -> None:
    client = Client(serve().port)
    status, headers, body = client.get("/api/model/robot.urdf")
    assert (status, headers["Content-Type"]) == (200, "application/xml; charset=utf-8")
    robot = ElementTree.fromstring(body)
    names = {str(mesh.get("filename")) for mesh in robot.iterfind("link/visual/geometry/mesh")}
    assert len(names) > 30
    for name in names:
        assert client.get(f"/api/model/{name}")[2].startswith(b"RMM1"), name


def test_what_is_kept_is_sent_compressed_and_once(serve: Serve) -> None:
    client = Client(serve().port)
    for path in (MESH, "/api/model/robot.urdf", f"{PATH}three.core.min.js"):
        _, plain, body = client.get(path)
        assert "Content-Encoding" not in plain
        _, packed, smaller = client.get(path, **{"Accept-Encoding": "gzip, br"})
        assert packed["Content-Encoding"] == "gzip"
        assert gzip.decompress(smaller) == body
        assert len(smaller) < len(body)
        assert packed["ETag"] == plain["ETag"]
        assert client.get(path, **{"If-None-Match": plain["ETag"]})[::2] == (304, b"")
        assert client.get(path, **{"If-None-Match": '"another"'})[0] == 200


@pytest.mark.parametrize(
    "name",
    [
        *("..%2Frobot.urdf", "%2Fetc%2Fpasswd", "..%2F..%2Furdf%2Frobot.urdf", "nothing.stl"),
        *("head_front_3dprint.part", "head_front_3dprint.stl%00", "HEAD_FRONT_3DPRINT.STL", "%2e"),
    ],
)
def test_nothing_but_the_meshes_of_the_urdf_is_sent(serve: Serve, name: str) -> None:
    status, answer = Client(serve().port).json(f"/api/model/meshes/{name}")
    assert status == 404
    assert "has no mesh" in answer["error"] or "nothing at" in answer["error"]


def test_meshes_are_made_once_for_all_dashboards_of_a_user(serve: Serve) -> None:
    body = Client(serve().port).get(MESH)[2]
    (kept,) = (cache_directory() / "meshes").iterdir()
    content = kept.read_bytes()
    assert gzip.decompress(content) == body
    kept.write_bytes(other := gzip.compress(body + b"kept"))
    assert Client(serve().port).get(MESH)[2] == gzip.decompress(other), "it is not made anew"
    for damaged in (content[:50], b"", b"no gzip", content[:-200] + bytes(200)):
        kept.write_bytes(damaged)
        assert Client(serve().port).get(MESH)[2] == body
        assert kept.read_bytes() == content


def test_a_cache_that_cannot_be_written_is_told_and_does_no_harm(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    cache_directory().parent.mkdir(exist_ok=True)
    cache_directory().write_text("a file in the way")
    assert Client(serve().port).get(MESH)[2].startswith(b"RMM1")
    assert "meshes cannot be kept in" in caplog.text


def test_an_sdk_without_a_model_is_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sdk, "_folder", lambda: tmp_path)
    client = Client(serve().port)
    for path in ("/api/model/robot.urdf", MESH):
        status, answer = client.json(path)
        assert status == 404
        assert "the SDK's model of the robot is not there" in answer["error"]


def test_libraries_are_as_they_were_published_with_their_licences() -> None:
    listed = libraries()
    known = {"vendored.json"}
    for library in listed.values():
        known |= {library["licence_file"], *library["files"]}
        assert library["licence"] in ("MIT", "Apache-2.0")
        text = VENDOR.joinpath(library["licence_file"]).read_text(encoding="utf-8")
        assert {"MIT": "The MIT License", "Apache-2.0": "Apache License"}[
            library["licence"]
        ] in text
        for name, sum_of in library["files"].items():
            assert hashlib.sha256(VENDOR.joinpath(name).read_bytes()).hexdigest() == sum_of, name
    assert {entry.name for entry in VENDOR.iterdir()} == known


def test_libraries_name_each_other_by_addresses_that_are_there(serve: Serve) -> None:
    client = Client(serve().port)
    names = [name for library in libraries().values() for name in library["files"]]
    for name in names:
        status, headers, body = client.get(f"{PATH}{name}")
        assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        imported = re.findall(rb"^import [^;]*?from\s*['\"]([^'\"]+)['\"]", body, re.MULTILINE)
        assert imported or "core" in name or name.startswith("three.module")
        for address in imported:
            assert address.startswith(b"."), (name, address)
            there = address.decode().removeprefix("./")
            path = f"{PATH}{there}" if not there.startswith("../") else there.removeprefix("..")
            assert client.get(path)[0] == 200, path
    assert client.get(f"{PATH}vendored.json")[0] == 404
    assert client.get(f"{PATH}..%2Fpage%2Findex.html")[0] == 404
    assert set(ADDRESSES) >= {b"three"}


def test_joints_are_told_as_they_move(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joints, "SILENCE_S", 1000.0)
    served = serve()
    with EventStream(served.port, path="/api/joints") as stream:
        assert stream.next("joints") == {"joints": {}, "view": None}
        for angle in (0.5, 0.123456):
            served.joints = {"yaw_body": angle}
            assert stream.next("joints")["joints"] == {"yaw_body": pytest.approx(angle, abs=1e-5)}
        facts = {"model": "mockup", "media_available": "False", "camera_name": ""}
        served.known = replace(served.known, robot=facts)
        # The simulated camera's: 70 degrees wide, 16:9.
        assert stream.next("joints")["view"] == pytest.approx([0.7002, 0.3939], abs=1e-3)


def test_joints_are_told_now_and_then_without_a_change(serve: Serve) -> None:
    with EventStream(serve().port, path="/api/joints") as stream:
        told = [stream.next("joints") for _ in range(2)]
    assert told[0] == told[1]


def test_who_asks_for_joints_is_counted_and_forgotten(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joints, "MAX_LISTENERS", 2)
    served = serve()
    held = [EventStream(served.port, path="/api/joints") for _ in range(2)]
    status, answer = Client(served.port).json("/api/joints")
    assert status == 503
    assert "2 listeners are there already" in answer["error"]
    for stream in held:
        stream.close()

    def answers() -> bool:
        client = Client(served.port)
        try:
            return client.open("/api/joints").status == 200
        finally:
            client.close()

    wait_for(answers, 10, "room for another one")


def test_joints_end_with_the_dashboard(serve: Serve) -> None:
    served = serve()
    with EventStream(served.port, path="/api/joints") as stream:
        stream.next("joints")
        served.stop()
        while stream.read() is not None:
            pass
