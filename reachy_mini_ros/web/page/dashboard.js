// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The page: starts its parts and hands each status to them.

import * as admin from "./admin.js";
import * as agents from "./agents.js";
import * as clips from "./clips.js";
import * as controls from "./controls.js";
import { element, setText } from "./dom.js";
import * as events from "./events.js";
import * as gallery from "./gallery.js";
import * as gamepad from "./gamepad.js";
import * as hear from "./hear.js";
import * as lease from "./lease.js";
import * as live from "./live.js";
import * as log from "./log.js";
import * as look from "./look.js";
import * as moves from "./moves.js";
import * as plots from "./plots.js";
import * as pose from "./pose.js";
import * as scan from "./scan.js";
import * as sound from "./sound.js";
import * as still from "./still.js";
import * as streams from "./streams.js";
import * as talk from "./talk.js";
import * as timeline from "./timeline.js";
import * as view3d from "./view3d.js";
import * as volume from "./volume.js";

const CONNECTION = {
  connecting: "Connecting",
  connected: "Connected",
  stalled: "Stalled",
  lost: "Robot away",
  unreachable: "Offline",
  unknown: "No driver",
};
const OWNER = {
  idle: "Idle",
  streaming: "Streaming",
  goto: "Goto",
  trajectory: "Trajectory",
  move: "Move",
  sleeping: "Asleep",
};

function update(status) {
  const { robot = {}, picture = {}, video = null, motion = null } = status ?? {};
  const connection = status ? status.connection ?? "unknown" : "unreachable";
  const connected = connection === "connected";
  element("connection").dataset.state = connection;
  setText("connection-text", CONNECTION[connection] ?? connection);
  setText("subtitle", [robot.robot_name, robot.model].filter(Boolean).join(" · ") || "Live view");
  for (const name of ["robot_name", "model", "daemon_version"]) setText(name, robot[name] || "–");
  const motors = (connected && (motion?.motor_mode ?? robot.motor_mode)) || "–";
  setText("motor_mode", motors.replaceAll("_", " "));
  setText("motors-text", { enabled: "On", disabled: "Off", gravity_compensation: "By hand" }[motors] ?? "–");
  const owner = (connected && motion?.owner) || "–";
  setText("owner", connected && motion?.asleep ? OWNER.sleeping : OWNER[owner] ?? owner);
  element("owner").parentElement.dataset.moving = connected && motion?.moving === true;
  element("camera").hidden = status?.camera?.connection !== "connected";
  setText("viewers", status ? picture.viewers + (video?.viewers ?? 0) : "–");
  const shown = connected ? status : null;
  pose.update(shown);
  view3d.update(shown);
  sound.update(shown);
  streams.update(status);
  controls.update(status);
  lease.update(status);
  moves.update(status);
  clips.update(status);
  timeline.update(status);
  admin.update(status);
}

events.on("status", update);
for (const part of [log, controls, gamepad, lease, still, look, hear, talk, volume, gallery, scan, clips, timeline, moves, sound, streams, plots, live, agents, view3d]) part.start();
update(null);
element("connection").dataset.state = "connecting";
setText("connection-text", "Connecting");
setText("why", "");
events.run();
