# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is built of the package: an sdist, a wheel of that, and what installs from it."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

import reachy_mini_ros

ROOT = Path(__file__).parents[1]
NAME = "reachy_mini_ros"
MADE = ignore_patterns(
    *(".*", "__pycache__", "*.egg-info", "build", "install", "log", "dist"),
)
SHARE = {f"share/{NAME}/{file}" for file in ("package.xml", "CHANGELOG.rst")} | {
    f"share/ament_index/resource_index/packages/{NAME}"
}


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def run(*command: object, cwd: Path) -> str:
    arguments = [str(argument) for argument in command]
    result = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository, without what tools leave in it."""
    return copytree(ROOT, tmp_path_factory.mktemp("sources") / NAME, ignore=MADE)


@pytest.fixture(scope="module")
def unpacked(sources: Path) -> Path:
    """Return what the sdist holds."""
    run(sys.executable, "setup.py", "-q", "sdist", cwd=sources)
    (archive,) = (sources / "dist").iterdir()
    run("tar", "xzf", archive, cwd=sources.parent)
    return sources.parent / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(unpacked: Path) -> Path:
    """Return a wheel, built of the sdist alone."""
    options = ("-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", unpacked.parent)
    run(sys.executable, "-m", "pip", "wheel", *options, unpacked, cwd=unpacked.parent)
    return next(unpacked.parent.glob("*.whl"))


def test_the_sdist_holds_the_repository_and_no_more(sources: Path, unpacked: Path) -> None:
    made = {"PKG-INFO"}
    found = {path for path in files(unpacked) if f"{NAME}.egg-info/" not in path}
    assert found - made == {
        path for path in files(sources) if not path.startswith(("dist/", f"{NAME}.egg-info/"))
    }


def test_the_wheel_holds_the_package_and_what_ros_looks_for(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = f"{NAME}-{reachy_mini_ros.__version__}.data/data/"
    package = {f"{NAME}/{file}" for file in files(ROOT / NAME) if "__pycache__" not in file}
    assert {name for name in names if name.startswith(f"{NAME}/")} == package
    shared = {name.removeprefix(data) for name in names if name.startswith(data)}
    assert shared == SHARE | {
        f"share/{NAME}/{folder}/{file}"
        for folder in ("launch", "config")
        for file in files(ROOT / folder)
        if "__pycache__" not in file
    }
    assert any(name.endswith("/LICENSE") for name in names)


def test_the_wheel_installs_executables_and_what_they_need(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q")
    run(*pip, "--no-deps", "--no-index", wheel, cwd=tmp_path)
    prefix = tmp_path / "env"
    executables = {path.name for path in (prefix / "bin").iterdir()}
    assert {"bringup", "camera", "control", "audio", "stream", "reachy_mini_sim"} <= executables
    assert files(prefix) >= SHARE
    # The installed package, with this environment's dependencies.
    dependencies = sysconfig.get_path("purelib")
    where = "import reachy_mini_ros.simulation.main as m; print(m.__file__)"
    script = f"import sys; sys.path.append({dependencies!r}); {where}"
    assert run(python, "-c", script, cwd=tmp_path).startswith(str(prefix))
