# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the package says of itself, in one voice: package.xml, setup.py, the code, what is built."""

import ast
import importlib.metadata
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import reachy_mini_ros

ROOT = Path(__file__).parents[1]
MANIFEST = ElementTree.parse(ROOT / "package.xml").getroot()
# Import name -> what brings it, where the two differ.
BROUGHT_BY = {
    "cv2": "python3-opencv",
    "yaml": "pyyaml",
    "gi": "python3-gi",
    "reachy_mini": "reachy-mini",
}
OPTIONAL = {"cv_bridge", "mujoco"}


def setup_arguments() -> dict[str, object]:
    """Return the literal arguments of setup()."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    call = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "setup"
    )
    values: dict[str, object] = {}
    for keyword in call.keywords:
        try:
            values[str(keyword.arg)] = ast.literal_eval(keyword.value)
        except ValueError:
            continue
    return values


SETUP = setup_arguments()


def text(tag: str) -> str:
    return (MANIFEST.findtext(tag) or "").strip()


def test_version_is_the_same_everywhere() -> None:
    assert text("version") == SETUP["version"] == reachy_mini_ros.__version__
    assert f"{reachy_mini_ros.__version__} " in (ROOT / "CHANGELOG.rst").read_text()


def test_description_and_licence_are_the_same_everywhere() -> None:
    assert text("description") == SETUP["description"]
    assert text("license") == SETUP["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_every_import_is_declared_as_a_dependency() -> None:
    declared = {element.text for element in MANIFEST if element.tag.endswith("depend")}
    requirements = SETUP["install_requires"]
    assert isinstance(requirements, list)
    declared |= {requirement.split(">")[0].split("<")[0] for requirement in requirements}
    for path in (ROOT / "reachy_mini_ros").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in (name.partition(".")[0] for name in names):
                if name in sys.stdlib_module_names or name in OPTIONAL | {"reachy_mini_ros"}:
                    continue
                brought = BROUGHT_BY.get(name, name)
                assert brought in declared or f"python3-{name}" in declared, f"{path}: {name}"


def test_dependencies_that_are_declared_are_used() -> None:
    code = "".join(
        path.read_text()
        for folder in ("reachy_mini_ros", "launch")
        for path in (ROOT / folder).rglob("*.py")
    )
    for element in MANIFEST.findall("exec_depend"):
        name = str(element.text).removeprefix("python3-")
        name = {"opencv": "cv2", "numpy": "numpy"}.get(name, name)
        assert f"import {name}" in code or f"from {name}" in code or name == "gi", name


@pytest.mark.parametrize(
    "script",
    SETUP["entry_points"]["console_scripts"],  # type: ignore[index]
)
def test_executables_explain_themselves_or_load(script: str) -> None:
    module, _, function = script.partition("=")[2].strip().partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_colcon_builds_what_ros2_run_and_launch_look_for(tmp_path: Path) -> None:
    folders = [f"--{name}-base={tmp_path / name}" for name in ("build", "install")]
    result = subprocess.run(
        [
            *(sys.executable, "-m", "colcon", f"--log-base={tmp_path / 'log'}", "build", *folders),
            *("--base-paths", str(ROOT), "--packages-select", "reachy_mini_ros"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    prefix = tmp_path / "install" / "reachy_mini_ros"
    executables = {path.name for path in (prefix / "lib" / "reachy_mini_ros").iterdir()}
    assert {"bringup", "camera", "control", "dashboard", "reachy_mini_sim"} <= executables
    share = prefix / "share" / "reachy_mini_ros"
    for folder in ("launch", "config"):
        ours = {path.name for path in (ROOT / folder).iterdir() if path.is_file()}
        assert {path.name for path in (share / folder).iterdir()} == ours
    assert (share / "package.xml").is_file()
    page = next(prefix.rglob("site-packages/reachy_mini_ros/web/page"))
    assert (page / "index.html").is_file()
    assert (page.parents[1] / "py.typed").is_file()


def test_installed_distribution_asks_for_the_sdk() -> None:
    requires = importlib.metadata.requires("reachy_mini_ros") or []
    assert any(line.startswith("reachy-mini") for line in requires)
