# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Attacks on the dashboard over HTTP: foreign pages, odd requests, and what lies in its folders."""

import gzip
import json
import logging
import os
import socket
from urllib.parse import quote

import pytest
from harness.dashboard import Serve, Served
from harness.pictures import Client, jpeg
from harness.video import record
from harness.waiting import patience

TOKEN = "correct-horse-battery"
SECRET = "the secret of another folder"
SCAN = "scan_20231114T221320_000000Z"


def raw(served: Served, request: bytes) -> int:
    """Send bytes, and return the answer's status, 0 where the connection ends without one."""
    with socket.create_connection(("127.0.0.1", served.port), patience(10)) as connection:
        try:
            connection.sendall(request)
            answer = connection.recv(65536)
        except ConnectionError:
            return 0
    return int(answer.split(b" ", 2)[1]) if answer else 0


# Foreign pages

PARTS = ("iframe", "frame", "embed", "object")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_foreign_pages_take_nothing_into_themselves(serve: Serve, site: str) -> None:
    """A page of another port of this machine is a foreign one too."""
    served = serve()
    client = Client(served.port)
    ways = [("navigate", part) for part in PARTS]
    for path in ("/api/stream", "/api/snapshot", "/"):
        for mode, destination in (*ways, ("no-cors", "image"), ("cors", "empty")):
            how = {"Sec_Fetch_Mode": mode, "Sec_Fetch_Dest": destination, "Sec_Fetch_Site": site}
            status, answer = client.json(path, **how)
            assert (status, "other sites" in answer["error"]) == (403, True), destination
    assert served.demands == []


def test_a_link_that_a_person_follows_opens_the_page(serve: Serve) -> None:
    client = Client(serve().port)
    for site in ("cross-site", "same-site", "same-origin", "none"):
        how = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
        assert client.get("/", **how)[0] == 200


ORIGINS = (
    *("null", "", "http://", "file://", "http://attacker.example", "http://{host}.example"),
    *("http://{host}@attacker.example", "http://attacker.example/{host}", "http://localhost"),
    *("ftp://{host}", "chrome-extension://{host}", "http://{host} http://attacker.example"),
)


def test_only_the_own_origin_changes_anything(serve: Serve) -> None:
    served = serve()
    client = Client(served.port)
    for origin in ORIGINS:
        given = {"Origin": origin.format(host=f"127.0.0.1:{served.port}")}
        status, answer = client.post("/api/command/stop", {}, **given)
        assert (status, "Origin" in answer["error"]) == (403, True), origin
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", **given}
        assert client.get("/api/video", **upgrade)[0] == 403, origin
        assert client.json("/api/photos/one.jpg", "DELETE", **given)[0] == 403, origin
    assert served.commands == []
    own = {"Origin": f"http://127.0.0.1:{served.port}"}
    assert client.post("/api/command/stop", {}, **own)[0] == 200


METHODS = ("PUT", "PATCH", "GET", "HEAD", "OPTIONS", "TRACE", "FOO")


def test_a_command_has_one_method_whatever_other_headers_say(serve: Serve) -> None:
    served = serve()
    for method in METHODS:
        for further in ("", "X-HTTP-Method-Override: POST\r\n", "X-Method-Override: POST\r\n"):
            head = (
                f"{method} /api/command/stop HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            )
            status = raw(served, (head + further + "\r\n").encode())
            assert status in (400, 405), method
    assert served.commands == []


# Hosts


HOSTS = (
    ["localhost", "attacker.example"],
    ["attacker.example", "localhost"],
    ["127.0.0.1.attacker.example"],
    ["localhost@attacker.example"],
    ["attacker.example#localhost"],
    ["localhost.", "attacker.example"],
)


def test_a_rebound_name_is_not_taken_for_this_machine(serve: Serve) -> None:
    """Nor with a second Host header, of which a proxy in between might have judged the other."""
    served = serve()
    for hosts in HOSTS:
        lines = "".join(f"Host: {host}\r\n" for host in hosts)
        request = f"GET /api/stream HTTP/1.1\r\n{lines}Connection: close\r\n\r\n"
        assert raw(served, request.encode()) in (400, 403), hosts
    assert served.demands == []


FORWARDED = ("X-Forwarded-Host", "X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Original-URL")


def test_what_only_a_proxy_would_say_is_not_believed(serve: Serve) -> None:
    client = Client(serve(token=TOKEN).port)
    for name in FORWARDED:
        given = {name.replace("-", "_"): "for=127.0.0.1;host=localhost"}
        assert client.get("/api/status", **given)[0] == 401, name


# Odd requests

ODD = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    "a length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"Content-Length: -2\r\n\r\n{}",
    "a length in words": b"Content-Length: two\r\n\r\n{}",
    "a chunk of no size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "an endless line": b"X: " + b"x" * 100_000 + b"\r\n\r\n",
    "a thousand headers": b"".join(b"X-%d: x\r\n" % n for n in range(40_000)) + b"\r\n",
    "a bare newline": b"X: a\nContent-Length: 2\r\n\r\n{}",
    "a NUL": b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "a name with a blank": b"Content-Length : 2\r\n\r\n{}",
}


def test_odd_requests_are_refused_and_the_next_is_served(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """And nobody fills the log with the traces of them."""
    served = serve()
    head = b"POST /api/command/stop HTTP/1.1\r\nContent-Type: application/json\r\n"
    for what, rest in ODD.items():
        status = raw(served, head + b"Host: localhost\r\n" + rest)
        assert status in (0, 400, 413, 431), what
    assert served.commands == []
    assert Client(served.port).get("/api/status")[0] == 200
    assert not served.supervisor.failures
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_body_that_unpacks_to_more_is_refused(serve: Serve) -> None:
    served = serve()
    packed = gzip.compress(b'{"name": "' + b"a" * 50_000_000 + b'"}')
    assert len(packed) < 60_000
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
        head = {"Content-Type": "application/json", "Content-Encoding": encoding}
        connection = Client(served.port, 30).connection
        connection.request("POST", "/api/command/play_move", packed, head)
        assert connection.getresponse().status in (400, 413, 415, 422), encoding
        connection.close()
    assert served.commands == []
    assert not served.supervisor.failures


def test_a_body_in_many_small_chunks_is_bounded_too(serve: Serve) -> None:
    served = serve()
    head = (
        b"POST /api/command/stop HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/json\r\n\r\n"
    )
    assert raw(served, head + b"1\r\n \r\n" * 70_000 + b"0\r\n\r\n") in (0, 413)
    assert served.commands == []


INJECTED = (
    *("%0d%0aSet-Cookie:%20a=b", "%0aSet-Cookie:%20a=b"),
    "%E5%98%8A%E5%98%8DSet-Cookie:%20a=b",
)
ADDRESSES = (
    *("/{}", "/api/{}", "/api/photos/{}.jpg", "/api/clips/{}.mp4", "/live/{}.ts"),
    *("/api/stream?width={}", "/api/scans/{}/a.jpg", "/?token=" + TOKEN + "&a={}"),
)


def test_no_path_or_query_becomes_a_header(serve: Serve) -> None:
    client = Client(serve(token=TOKEN).port)
    for path in (address.format(injected) for address in ADDRESSES for injected in INJECTED):
        given = {"Authorization": f"Bearer {TOKEN}"} if "token" not in path else {}
        status, headers, body = client.get(path, **given)
        assert status < 500, path
        assert all("a=b" not in value for value in headers.get_all("Set-Cookie", [])), path
        assert "\r" not in headers.get("Location", ""), path
        if status >= 400:
            assert headers["Content-Type"].startswith("application/json"), path
            assert "\n" not in json.loads(body)["error"], path


def test_names_of_files_become_no_headers(serve: Serve) -> None:
    served = serve()
    served.photos.mkdir()
    name = 'a"\r\nSet-Cookie: a=b; \u00e4<script>.jpg'
    (served.photos / name).write_bytes(jpeg())
    client = Client(served.port)
    assert [one["name"] for one in client.json("/api/photos")[1]["photos"]] == [name]
    status, headers, body = client.get(f"/api/photos/{quote(name, safe='')}")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert "Set-Cookie" not in headers
    assert body.startswith(b"\xff\xd8")


# Folders


@pytest.fixture
def baited(serve: Serve) -> Served:
    """Serve folders with links to what lies beside them, and with what is no file."""
    served = serve()
    outside = served.photos.parent / "outside"
    outside.mkdir()
    for name in ("a.jpg", "a.mp4", "a.csv", "a.ts", "index.m3u8", "manifest.json"):
        (outside / name).write_text(SECRET)
    for folder in (served.photos, served.live, served.clips):
        folder.mkdir()
        (folder / "folder").symlink_to(outside)
        for name in ("a.jpg", "a.mp4", "a.csv", "a.ts"):
            (folder / name).symlink_to(outside / name)
    scans = served.photos / "scans"
    (scans / SCAN).mkdir(parents=True)
    (scans / SCAN / "linked.jpg").symlink_to(outside / "a.jpg")
    (scans / SCAN / "folder.jpg").mkdir()
    os.mkfifo(scans / SCAN / "pipe.jpg")
    (scans / SCAN.replace("2023", "2024")).symlink_to(outside)
    return served


LEADING_OUT = (
    *("/api/photos/a.jpg", "/api/photos/folder%2Fa.jpg", "/api/photos/a.jpg?width=100"),
    *("/api/clips/a.mp4", "/api/clips/a.csv", "/api/clips/a.mp4/still"),
    *("/live/a.ts", "/live/folder/a.ts", "/live/folder/index.m3u8", "/live/folder/../a.ts"),
    *(f"/api/scans/{SCAN}/linked.jpg", f"/api/scans/{SCAN}/folder.jpg"),
    *(f"/api/scans/{SCAN}/pipe.jpg", f"/api/scans/{SCAN.replace('2023', '2024')}/a.jpg"),
    f"/api/scans/{SCAN.replace('2023', '2024')}/manifest.json",
    *("/api/scans/../photos/a.jpg", f"/api/scans/{SCAN}/..%2F..%2Fa.jpg"),
)


def test_links_lead_out_of_no_folder(baited: Served) -> None:
    for path in LEADING_OUT:
        status, _, body = Client(baited.port).get(path)
        assert status in (404, 409), path
        assert SECRET.encode() not in body, path


def test_a_link_is_in_no_list_and_what_it_names_is_not_deleted(baited: Served) -> None:
    client = Client(baited.port)
    assert client.json("/api/photos")[1] == {"photos": []}
    assert client.json("/api/clips")[1] == {"clips": []}
    assert client.json("/api/scans")[1] == {"scans": [SCAN]}
    for path in ("/api/photos/a.jpg", "/api/clips/a.mp4", "/api/clips/a.csv"):
        assert client.json(path, "DELETE")[0] == 404
    outside = baited.photos.parent / "outside"
    assert {path.read_text() for path in outside.iterdir()} == {SECRET}


def test_a_clip_is_deleted_without_what_a_link_beside_it_names(baited: Served) -> None:
    outside = baited.photos.parent / "outside" / "a.csv"
    record(baited.clips)
    clip = next(path for path in baited.clips.glob("reachy_mini_*.mp4"))
    clip.with_suffix(".csv").unlink()
    clip.with_suffix(".csv").symlink_to(outside)
    listed = Client(baited.port).json("/api/clips")[1]["clips"]
    assert [(one["name"], one["states"]) for one in listed] == [(clip.name, None)]
    assert Client(baited.port).json(f"/api/clips/{clip.name}", "DELETE")[0] == 200
    assert outside.read_text() == SECRET
