// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// A click in the scene has the robot look there: at the table, or else at what is about as far
// before the robot as its table reaches.

import { Plane, Raycaster, Sphere, Vector2, Vector3 } from "./vendor/three.module.min.js";
import { command } from "./api.js";
import { mayAct } from "./controls.js";
import { element } from "./dom.js";
import { toast } from "./log.js";
import { TABLE_M } from "./props.js";

const TITLE = "Look there";
const AROUND = new Sphere(new Vector3(0, 0, 0.2), 0.4);
const GROUND = new Plane(new Vector3(0, 0, 1), 0);

/** The point under a click; null where there is none. */
export function pointAt(event, { robot, camera }) {
  const box = event.target.getBoundingClientRect();
  const place = new Vector2(
    ((event.clientX - box.x) / box.width) * 2 - 1,
    1 - ((event.clientY - box.y) / box.height) * 2,
  );
  const caster = new Raycaster();
  caster.setFromCamera(place, camera);
  const { ray } = caster;
  const table = ray.intersectPlane(GROUND, new Vector3());
  if (table && Math.hypot(table.x, table.y) < TABLE_M) {
    caster.far = ray.origin.distanceTo(table);
    if (!caster.intersectObject(robot).some(({ object }) => object.isMesh)) return table;
  }
  return before(robot, ray);
}

/** Where a ray meets the sphere around the robot: of the two places the one before its body. */
function before(robot, ray) {
  const closest = ray.closestPointToPoint(AROUND.center, new Vector3());
  const half = Math.sqrt(AROUND.radius ** 2 - closest.distanceToSquared(AROUND.center));
  if (!(half > 0)) return null;
  const yaw = robot.joints.yaw_body.angle;
  const ahead = new Vector3(Math.cos(yaw), Math.sin(yaw), 0);
  const places = [-half, half].map((way) => closest.clone().addScaledVector(ray.direction, way));
  places.sort((one, other) => other.dot(ahead) - one.dot(ahead));
  return places[0];
}

/** Has the robot look at what was clicked, if this page may; `changed` is called to draw it. */
export async function aimAt(event, shown, changed) {
  if (!mayAct()) return;
  const point = pointAt(event, shown);
  if (!point) return;
  if (element("look").disabled) {
    toast("warn", TITLE, element("why").textContent);
    return;
  }
  shown.props.setMark(point);
  changed();
  try {
    await command("look_at", { x: point.x, y: point.y, z: point.z });
  } catch (error) {
    shown.props.setMark(null);
    changed();
    toast("error", TITLE, error.message);
  }
}
