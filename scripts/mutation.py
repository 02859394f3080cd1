# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of modules against small changes of these, and writes which ones none noticed.

Each changed module runs in a fork of a process that has imported the libraries already.
"""

import argparse
import contextlib
import importlib
import json
import os
import random
import resource
import signal
import sys
import time
import tomllib
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from changed.sitecustomize import FILE, MODULE, SOURCE, change
from coverage import Coverage
from hypothesis import Phase, settings
from mutants import Mutant, mutants
from mutation_page import COLUMNS, page_of, row, row_of

CHANGED = Path(__file__).parent / "changed"
STARTING = {"processes", "ros"}
"""Fixtures of tests that start something: these are left out, but of modules in ``[slow]``."""
FEW = 10
"""Changes of a module of ``[slow]``, at most."""
EXAMPLES = 20
"""Of Hypothesis for each test that does not ask for a number: these take most of the time."""
LIMIT = 5
"""How many times the CPU time of the unchanged module a changed one may take."""
LEAST_CPU_S = 1
FIRST_CPU_S = 120
LEAST_WALL_S = 60
LONGER = 3
"""How many times the time of the unchanged module a changed one may take, at least that above."""
MEMORY_BYTES = 8 << 30


class Quick:
    """Leaves out what starts something, and searches no smaller example of a failure."""

    def __init__(self, slow: bool) -> None:
        """Run what starts something as well if ``slow``."""
        self.slow = slow

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Count as a worker: nothing here waits for a robot, whose pace others measure."""
        config.workerinput = {}  # type: ignore[attr-defined]
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile(
            *("mutation", settings()),
            max_examples=EXAMPLES,
            phases=phases,
            database=None,
            derandomize=True,
        )
        settings.load_profile("mutation")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests that only compute."""
        if not self.slow:
            names = [set(getattr(item, "fixturenames", ())) for item in items]
            items[:] = [item for item, own in zip(items, names, strict=True) if not STARTING & own]


def forked(work: Callable[[], int], cpu_s: float, wall_s: float, output: Path) -> int:
    """Run ``work`` in a process with limits of time; return its code, minus a signal's number."""
    pid = os.fork()
    if pid == 0:
        with output.open("wb") as file:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
        signal.setitimer(signal.ITIMER_PROF, cpu_s)  # the signals end the process
        signal.setitimer(signal.ITIMER_REAL, wall_s)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        code = 3
        try:
            code = work()
        finally:
            if sys.exc_info()[0] is not None:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def tested(path: Path, source: Path | None, tests: list[str], slow: bool) -> int:
    """Return the exit code of pytest where the module is of this source, in all processes."""
    if source is not None:
        os.environ[MODULE] = ".".join(path.with_suffix("").parts)
        os.environ[FILE], os.environ[SOURCE] = str(path.resolve()), str(source.resolve())
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(CHANGED), *([before] if before else [])])
        sys.path.insert(0, str(CHANGED))  # which some hand on to what they start
        change(dict(os.environ))
    options = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist")
    # Libraries are there before pytest: none of them asserts what a test is to show.
    options += ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    return int(pytest.main([*options, *tests], plugins=[Quick(slow)]))


def measured(path: Path, tests: list[str], slow: bool, folder: Path) -> int:
    """Run the tests; keep which lines ran, in any process, and what was imported in this one."""
    settings_file, data = folder / "coverage.ini", folder / "lines"
    for old in folder.glob("lines.*"):
        old.unlink()
    options = f"data_file={data.resolve()}\ninclude={path.resolve()}\nparallel=1\nsigterm=1\n"
    settings_file.write_text(f"[run]\n{options}patch=_exit\n")
    os.environ["COVERAGE_PROCESS_START"] = str(settings_file.resolve())
    own = Coverage(config_file=str(settings_file))
    own.start()
    code = tested(path, None, tests, slow)
    own.stop()
    own.save()
    mine = (path.parts[0], "test", "harness", "conftest", "mutation")
    libraries = [name for name in sys.modules if not name.startswith(mine)]
    (folder / "libraries.json").write_text(json.dumps(libraries))
    return code


def lines_of(path: Path, folder: Path) -> set[int]:
    """Return the lines of a module that :func:`measured` saw."""
    all_of_it = Coverage(config_file=str(folder / "coverage.ini"))
    all_of_it.combine()
    return set(all_of_it.get_data().lines(str(path.resolve())) or ())


def used_s() -> float:
    """Return the CPU time of the forks that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Runner:
    """Runs the mutants of modules, and keeps their results in a folder."""

    def __init__(self, folder: Path, sample: int, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.sample, self.seed = folder, sample, seed

    def run(self, path: Path, tests: list[str], slow: bool) -> dict[str, Any]:
        """Return the result of one module, from the same kept one where there is one."""
        source = path.read_text(encoding="utf-8")
        sample = min(self.sample, FEW) if slow else self.sample
        inputs = [source, sample, self.seed, *tests]
        inputs += [Path(test.split("::")[0]).read_text(encoding="utf-8") for test in tests]
        key = sha256(json.dumps(inputs).encode()).hexdigest()
        kept = self.folder / (path.as_posix().replace("/", ".") + ".json")
        if kept.exists() and (result := json.loads(kept.read_text()))["key"] == key:
            return dict(result)
        result = {"key": key, **self._run(path, source, tests, slow, sample)}
        kept.write_text(json.dumps(result, indent=1))
        return result

    def _unchanged(self, work: Callable[[], int], output: Path) -> None:
        if code := forked(work, FIRST_CPU_S, 10 * FIRST_CPU_S, output):
            sys.exit(f"the tests end with {code} unchanged:\n{output.read_text()}")

    def _run(
        self, path: Path, source: str, tests: list[str], slow: bool, sample: int
    ) -> dict[str, Any]:
        output, changed = self.folder / "output.txt", self.folder / "changed.py"
        self._unchanged(lambda: measured(path, tests, slow, self.folder), output)
        ran = lines_of(path, self.folder)
        for name in json.loads((self.folder / "libraries.json").read_text()):
            with contextlib.suppress(ImportError, AttributeError, ValueError):  # another's own
                importlib.import_module(name)
        begin_s, cpu_begin_s = time.monotonic(), used_s()
        self._unchanged(lambda: tested(path, None, tests, slow), output)
        limit_s = max(LEAST_CPU_S, LIMIT * (used_s() - cpu_begin_s))
        wall_s = max(LEAST_WALL_S, LONGER * (time.monotonic() - begin_s))
        found = mutants(source)
        reached = [one for one in found if not ran.isdisjoint(one.lines)]
        order = list(range(len(reached)))
        random.Random(f"{self.seed} {path}").shuffle(order)
        codes: dict[Mutant, int] = {}
        for one in (reached[index] for index in sorted(order[:sample])):
            compile(one.source, path, "exec")  # a fault of ours would count as killed
            changed.write_text(one.source, encoding="utf-8")
            codes[one] = forked(
                *(lambda: tested(path, changed, tests, slow), limit_s, wall_s, output)
            )
        late = (-signal.SIGPROF, -signal.SIGALRM)
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "found": len(found),
            "not_reached": len(found) - len(reached),
            "run": len(codes),
            "late": sum(code in late for code in codes.values()),
            "survivors": [(one.line, one.name) for one, code in codes.items() if code == 0],
        }


def main() -> None:
    """Run the modules named, or all of the table, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--table", type=Path, default=Path(__file__).with_suffix(".toml"))
    parser.add_argument("--results", type=Path, default=Path("build/mutation"))
    parser.add_argument("--page", type=Path)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--sample", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    table = tomllib.loads(arguments.table.read_text(encoding="utf-8"))
    tests = {**table["tests"], **table.get("slow", {})}
    if unknown := set(arguments.modules) - set(tests):
        parser.exit(2, f"mutation.sh: no tests known of {sorted(unknown)[0]!r}\n")
    for name in ("COVERAGE_FILE", "COVERAGE_PROCESS_START"):
        os.environ.pop(name, None)  # of who measures what started this: it would take their data
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none is needed, and some are slow
    runner = Runner(arguments.results, arguments.sample, arguments.seed)
    # Its own: who tidies up another run's folders beside it may fail, which is no test's word.
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(arguments.results.resolve())
    print(row("module", *COLUMNS[:-1]))
    for module in arguments.modules or (tests if arguments.slow else table["tests"]):
        result = runner.run(Path(module), tests[module], module not in table["tests"])
        print(row_of(module, result), flush=True)
        for line, name in result["survivors"] if arguments.modules else ():
            print(f"    {line}: {name}", flush=True)
    if arguments.page or not arguments.modules:
        page = arguments.page or Path("docs/mutation.md")
        page.write_text(page_of(table, arguments.results, arguments.sample), encoding="utf-8")


if __name__ == "__main__":
    main()
