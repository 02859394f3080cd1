// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The robot's pose, drawn from the front and in numbers.

import { element, number, setText } from "./dom.js";

const ANGLES = ["roll", "pitch", "yaw"];
const JOINTS = { body: "yaw_body", left: "left_antenna", right: "right_antenna" };

const sine = (degrees) => Math.sin((degrees * Math.PI) / 180);
const cosine = (degrees) => Math.cos((degrees * Math.PI) / 180);

/** Shows a status; null clears everything. */
export function update(status) {
  const { head = null, target_head: target = null, joints = null } = status ?? {};
  for (const angle of ANGLES) {
    setText(angle, number(head?.[angle], 1, "°"));
    setText(`target-${angle}`, number(target?.[angle], 1, "°"));
  }
  for (const axis of ["x", "y", "z"]) {
    setText(axis, number(typeof head?.[axis] === "number" ? head[axis] * 1000 : null, 0, " mm"));
  }
  for (const [id, joint] of Object.entries(JOINTS)) setText(id, number(joints?.[joint], 0, "°"));
  draw(head, joints ?? {});
  element("robot").dataset.asleep = status?.motion?.asleep === true;
}

/** Seen from the front: the robot's left is our right, and a positive pitch looks down. */
function draw(head, { yaw_body: body = 0, left_antenna: left = 0, right_antenna: right = 0 }) {
  element("robot").dataset.known = head !== null;
  const { roll, pitch, yaw, z = 0 } = head ?? { roll: 0, pitch: 0, yaw: 0 };
  const turn = `rotateY(${yaw}deg) rotateX(${-pitch}deg) rotateZ(${-roll}deg)`;
  element("head").style.transform = `translateY(${-z * 250}px) perspective(420px) ${turn}`;
  element("face").style.transform = `translate(${20 * sine(yaw)}px, ${16 * sine(pitch)}px)`;
  element("antenna-right").style.transform = `rotate(${-right}deg)`;
  element("antenna-left").style.transform = `rotate(${-left}deg)`;
  const mark = element("body-mark");
  mark.style.transform = `translate(${34 * sine(body)}px, ${7 * cosine(body) - 7}px)`;
  mark.style.opacity = cosine(body) > -0.2 ? 1 : 0.25;
}
