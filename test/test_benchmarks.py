# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the run of all benchmarks makes of figures, and how it ends what it has started."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
AIM = "control, CPU, 200 Hz of targets"
SLOW_END = """
import signal, time
def on_signal(number, frame):
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as Python itself does at its end
    print("ending", flush=True)
    time.sleep(0.3)
    raise SystemExit
signal.signal(signal.SIGINT, on_signal)
print("there", flush=True)
while True:
    time.sleep(0.01)
"""


@pytest.fixture
def of_benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a test import from benchmarks/, whose modules have short names, and forget them."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
            del sys.modules[name]


@pytest.fixture
def run(of_benchmarks: None) -> ModuleType:
    return importlib.import_module("run")


@pytest.fixture
def figures(of_benchmarks: None) -> ModuleType:
    return importlib.import_module("figures")


def keeps(path: Path) -> bool:
    return bool(re.search(r"^from figures import .*\bkeep", path.read_text(), re.MULTILINE))


def test_every_benchmark_that_keeps_figures_is_run(run: ModuleType) -> None:
    scripts = {path.stem for path in BENCHMARKS.glob("*.py") if keeps(path)}
    assert set(run.BENCHMARKS) == scripts


def test_figures_are_read_as_they_were_written(
    figures: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figures.keep("nobody wants it", 1.0, "s")
    place = tmp_path / "figures"
    monkeypatch.setenv(figures.PLACE, str(place))
    figures.keep("alone", 3.0, "ms")
    figures.keep_all("camera", {"cpu_percent": 4.0, "other": 1.0}, {"cpu_percent": 8.0})
    alone, beside = figures.figures(place)
    assert (alone.what, alone.value, alone.unit, alone.ratio) == ("alone", 3.0, "ms", None)
    assert (beside.what, beside.unit, beside.ratio) == ("camera, CPU", "%", 0.5)


@pytest.mark.parametrize(
    ("values", "baselines", "verdict"),
    [
        ((13.0, 13.0, 13.0), (10.0, 10.0, 10.0), "met"),
        ((15.0, 15.0, 15.0), (10.0, 10.0, 10.0), "missed"),
        # The baseline itself is apart by a fifth: 1.5 may be 1.4 here.
        ((15.0, 15.0, 15.0), (9.0, 10.0, 11.0), "within the noise"),
        ((20.0, 20.0, 20.0), (9.0, 10.0, 11.0), "missed"),
        # One run of three says nothing.
        ((13.0, 30.0, 13.0), (10.0, 10.0, 10.0), "met"),
    ],
)
def test_an_aim_is_missed_by_more_than_the_noise(
    run: ModuleType,
    figures: ModuleType,
    values: tuple[float, ...],
    baselines: tuple[float, ...],
    verdict: str,
) -> None:
    runs = [
        [figures.Figure(AIM, value, "%", baseline)]
        for value, baseline in zip(values, baselines, strict=True)
    ]
    (one,) = run.found(runs)
    assert one.verdict == verdict
    assert one.missed == (verdict == "missed")


def test_an_absolute_figure_fails_nothing(run: ModuleType, figures: ModuleType) -> None:
    (what, aim), *_ = run.VALUES.items()
    (one,) = run.found([[figures.Figure(what, aim * 2, "%", 1.0)]])
    assert one.verdict == "above"
    assert not one.missed


def test_only_the_marked_part_of_the_page_is_written(run: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{run.BEGIN}\nold\n{run.END}\nafter\n")
    run.write(page, "new")
    assert page.read_text() == f"before\n{run.BEGIN}\nnew\n{run.END}\nafter\n"
    page.write_text("no markers")
    with pytest.raises(SystemExit):
        run.write(page, "new")
    assert page.read_text() == "no markers"
    assert run.BEGIN in run.PAGE.read_text()
    assert run.END in run.PAGE.read_text()


def test_a_page_that_is_missing_is_told_before_anything_runs(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", "--page", "/nowhere/page.md", "app"])
    monkeypatch.setattr(run, "run", lambda *_: pytest.fail("a benchmark runs"))
    with pytest.raises(SystemExit):
        run.main()
    assert "no page /nowhere/page.md" in capsys.readouterr().err


def test_a_subscriber_is_not_killed_while_it_leaves(of_benchmarks: None) -> None:
    """Whoever is, stays a reader for 20 s, and the next case pays for it."""
    camera = importlib.import_module("camera")
    with camera.child("-c", SLOW_END) as child:
        child.line("there")
        child.interrupt()
        child.line("ending")
    assert child.process.returncode == 0
