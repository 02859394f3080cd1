# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A copy of a template does, and ends, as the program would that it stands for."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.processes import Child, free_port
from harness.template import Template
from harness.waiting import wait_for

TELLS = """
import json, os, signal, sys
print(json.dumps({
    "arguments": sys.argv[1:],
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "input": sys.stdin.read(),
    "file": __file__,
    "open": [fd for fd in range(100) if os.path.exists(f"/proc/self/fd/{fd}")],
}))
sys.exit(7)
"""


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    template = Template(["http.server"])
    yield template
    template.close()


def start(template: Template, folder: Path, *arguments: str, **environment: str) -> Child:
    with (folder / "log").open("wb") as log:
        return Child(template.start(list(arguments), log, environment), folder / "log")


def server(template: Template, folder: Path) -> Child:
    arguments = ("http.server", "--bind", "127.0.0.1", str(free_port()))
    child = start(template, folder, *arguments)
    child.wait_for_output("Serving")
    return child


def test_a_copy_has_what_it_was_given_and_nothing_else(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tells.py").write_text(TELLS)
    child = start(template, tmp_path, "tells", "--of", "é", WORD="ä")
    assert child.wait() == 7
    told = json.loads(child.output())
    assert told["arguments"] == ["--of", "é"]
    assert told["folder"] == str(tmp_path)
    assert told["environment"] == {"WORD": "ä"}
    assert told["interrupt"]
    assert told["input"] == ""
    assert told["file"] == str(tmp_path / "tells.py")
    assert told["open"] == [0, 1, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_one_copy_alone(
    template: Template, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "other").mkdir()
    child, other = server(template, tmp_path), server(template, tmp_path / "other")
    assert child.process.poll() is None
    assert child.stop(number) == -number
    assert other.process.poll() is None
    assert other.stop(signal.SIGINT) == 0
    assert "interrupt" in other.output()


def test_an_error_is_told_as_python_does(template: Template, tmp_path: Path) -> None:
    child = start(template, tmp_path, "no_such_module")
    assert child.wait() == 1
    assert child.output().splitlines()[-1].endswith("No module named no_such_module")


def test_copies_end_with_their_template(tmp_path: Path) -> None:
    template = Template(["http.server"])
    child = server(template, tmp_path)
    template.close()
    wait_for(lambda: not Path(f"/proc/{child.pid}").exists(), 10, "the copy to end")
    assert child.process.poll() == -signal.SIGTERM
