// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// A gamepad at this computer: the head follows the sticks only while a shoulder button is held.

import { mayAct, stop } from "./controls.js";
import { element, setText } from "./dom.js";
import * as drive from "./drive.js";

// Of the browsers' standard layout.
const HOLD = [4, 5]; // left and right shoulder
const STOP = 1; // the right one of the four at the right thumb
const DEAD = 0.08; // of a stick's way: no stick rests in its very middle
const REACH = { yaw: 50, pitch: 28, roll: 25 }; // degrees at a stick's end
const Z_MM = [-25, 12]; // with the right stick pulled and pushed

let polling = false;
let armed = false; // by the shoulder button, once it has been seen free
let wasHeld = false;
let stopHeld = false;

const pads = () => [...(navigator.getGamepads?.() ?? [])].filter((pad) => pad?.connected);
const pressed = (pad, number) => pad.buttons[number]?.pressed === true;

function way(pad, axis) {
  const value = pad.axes[axis] ?? 0;
  return Math.abs(value) < DEAD ? 0 : (value - Math.sign(value) * DEAD) / (1 - DEAD);
}

/** Sticks to a head pose: left is the robot's left, and a stick that is pushed looks up. */
function pose(pad) {
  const up = -way(pad, 3);
  return {
    yaw: -way(pad, 0) * REACH.yaw,
    pitch: way(pad, 1) * REACH.pitch,
    roll: way(pad, 2) * REACH.roll,
    z: up * (up < 0 ? -Z_MM[0] : Z_MM[1]),
  };
}

function poll() {
  const found = pads();
  polling = found.length > 0;
  element("gamepad").hidden = !polling;
  if (!polling) return;
  requestAnimationFrame(poll); // not in a page that nobody sees: there no stick moves the robot
  const pad = found.find(({ mapping }) => mapping === "standard");
  setText("gamepad", pad ? obey(pad) : "Gamepad: this browser does not know its layout.");
}

/** Stops or steers as the gamepad says, and tells how that is. */
function obey(pad) {
  const stopping = pressed(pad, STOP);
  if (stopping && !stopHeld && mayAct()) stop();
  stopHeld = stopping;
  const held = HOLD.some((number) => pressed(pad, number));
  armed ||= !held;
  const steering = held && armed && mayAct() && drive.steer(pose(pad), !wasHeld);
  wasHeld = held;
  return steering ? "Gamepad: the head follows the sticks." : "Gamepad: hold a shoulder button to move the head; B stops.";
}

export function start() {
  const begin = () => {
    if (polling) return;
    armed = false;
    poll();
  };
  addEventListener("gamepadconnected", begin);
  begin();
}
