# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where live streams lie, and files that are whole at every moment."""

from pathlib import Path

import pytest

from reachy_mini_ros.files import live_directory, write_atomically


def test_live_streams_lie_in_memory_one_folder_a_namespace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    base = tmp_path / "reachy_mini_ros" / "live"
    assert live_directory("", "/reachy_mini") == base / "reachy_mini"
    assert live_directory("", "/fleet/one") == base / "fleet" / "one"
    assert live_directory("", "/") == base


@pytest.mark.parametrize("runtime", ["", "/nowhere/at/all"])
def test_without_memory_live_streams_lie_in_the_cache(
    monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    assert live_directory("", "/a") == Path.home() / ".cache/reachy_mini_ros/live/a"


def test_a_chosen_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert live_directory(str(tmp_path), "/a") == tmp_path
    assert live_directory("~/live", "/a") == Path.home() / "live"


def test_a_private_file_is_its_owners_alone_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "inner" / "secret"
    write_atomically(path, b"one")
    assert path.stat().st_mode & 0o777 != 0o600
    write_atomically(path, b"two", private=True)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o600)
    assert [one.name for one in path.parent.iterdir()] == ["secret"]


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_atomically(tmp_path / "folder", b"one", private=True)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
