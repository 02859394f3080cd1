# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The head's kinematics against the SDK's own, which are asked in another process."""

import json
import subprocess
import sys

import numpy as np
import pytest
from harness.poses import NEUTRAL_JOINTS, pose

from reachy_mini_ros.robot.geometry import kinematics

SDK_S = """
import json, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from reachy_mini.kinematics import AnalyticalKinematics

cases = json.load(sys.stdin)
engines = [AnalyticalKinematics(automatic_body_yaw=automatic) for automatic in (False, True)]
answers = [[engine.ik(np.array(head), body).tolist() for engine in engines] for head, body in cases]
print(json.dumps(answers))
"""


def test_the_inverse_is_the_sdk_s_reachable_or_not() -> None:
    random = np.random.default_rng(3)
    cases = []
    for _ in range(300):
        position = random.uniform(-0.06, 0.06, 3)
        roll, pitch = random.uniform(-0.8, 0.8, 2)
        cases.append(
            (pose(*position, roll, pitch, random.uniform(-3, 3)), random.uniform(-3.1, 3.1))
        )
    asked = json.dumps([(head.tolist(), body) for head, body in cases])
    done = subprocess.run(
        [sys.executable, "-c", SDK_S], input=asked, capture_output=True, text=True, check=True
    )
    reached = 0
    for (head, body), answers in zip(cases, json.loads(done.stdout), strict=True):
        for automatic, expected in zip((False, True), answers, strict=True):
            joints = kinematics.inverse(head, body, automatic_body_yaw=automatic)
            if np.isfinite(expected).all():
                assert joints == pytest.approx(expected, abs=1e-9)
                reached += 1
            else:
                assert joints is None
    assert 50 < reached < 550, "both kinds of poses"


@pytest.mark.parametrize("degrees", [-85, -66, 0, 70, 85])
def test_the_forward_solution_lets_the_head_turn_further_than_the_body_would_let_it(
    degrees: float,
) -> None:
    turned = pose(0.0, 0.0, 0.0, 0.0, 0.0, np.radians(degrees))
    joints = kinematics.inverse(turned, 0.0, automatic_body_yaw=False)
    assert joints is not None
    found = kinematics.forward(joints, NEUTRAL_JOINTS, np.eye(4))
    np.testing.assert_allclose(found, turned, atol=1e-3)


def test_where_the_iteration_ends_elsewhere_there_is_no_pose() -> None:
    joints = np.array([0.0, 1.03, -0.39, 0.71, -0.72, 1.06, -0.04])
    assert kinematics.forward(joints, NEUTRAL_JOINTS, np.eye(4)) is None


def test_many_at_once_are_each_like_one() -> None:
    heads = np.array([pose(0.0, 0.01, 0.0, 0.1, 0.0, 0.2), pose(0, 0, 0.1, 0, 0, 0), np.eye(4)])
    yaws = np.array([0.1, 0.0, -0.2])
    many, before = kinematics.inverse_all(heads, yaws), heads.copy()
    assert np.isnan(many[1]).all(), "out of reach"
    for row in (0, 2):
        one = kinematics.inverse(heads[row], float(yaws[row]), automatic_body_yaw=False)
        np.testing.assert_array_equal(many[row], one)
    np.testing.assert_array_equal(heads, before)
