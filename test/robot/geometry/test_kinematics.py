# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The head's kinematics against the SDK's own, which are asked in another process."""

import json
import subprocess
import sys

import numpy as np
import pytest
from harness.poses import pose

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
            (pose(*position, roll, pitch, random.uniform(-3, 3)), random.uniform(-2.5, 2.5))
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
