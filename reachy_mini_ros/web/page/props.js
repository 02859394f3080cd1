// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// What is in the scene beside the robot: the table, what its camera sees, where it is to look.

import {
  BufferGeometry,
  CircleGeometry,
  Color,
  Float32BufferAttribute,
  Line,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
  RingGeometry,
  SphereGeometry,
  Vector3,
} from "./vendor/three.module.min.js";

/** Radius of the table that can be seen, m. */
export const TABLE_M = 0.4;
const FRUSTUM_M = 0.14;
const TARGET_M = 0.3;
const COLOURS = { table: "--stage-table", edge: "--edge", camera: "--accent", target: "--good", mark: "--accent" };

const line = (points = []) => new BufferGeometry().setFromPoints(points);

export class Props {
  #robot;
  #materials = {
    table: new MeshBasicMaterial(),
    edge: new MeshBasicMaterial(),
    camera: new LineBasicMaterial(),
    target: new LineBasicMaterial(),
    mark: new MeshBasicMaterial(),
  };
  #view = "";
  #target = "null";
  #from = new Vector3();

  constructor(scene, robot) {
    this.#robot = robot;
    const { table, edge, camera, target, mark } = this.#materials;
    const disc = new Mesh(new CircleGeometry(TABLE_M, 64), table);
    disc.position.z = -0.002;
    const rim = new Mesh(new RingGeometry(TABLE_M - 0.003, TABLE_M, 64), edge);
    rim.position.z = -0.001;
    /** What the camera sees, in its own optical frame. */
    this.frustum = new LineSegments(line(), camera);
    robot.links.camera_optical.add(this.frustum);
    /** Where the head is commanded to. */
    this.target = new Line(line(), target);
    this.target.visible = false;
    /** What was clicked, and the way there from the camera. */
    this.mark = new Mesh(new SphereGeometry(0.008, 20, 12), mark);
    this.sight = new Line(line([new Vector3(), new Vector3()]), camera);
    this.mark.visible = this.sight.visible = false;
    this.sight.frustumCulled = this.target.frustumCulled = false;
    scene.add(disc, rim, this.target, this.mark, this.sight);
    this.colour();
  }

  /** Takes the page's colours. */
  colour() {
    const style = getComputedStyle(document.documentElement);
    for (const [name, variable] of Object.entries(COLOURS)) {
      this.#materials[name].color = new Color(style.getPropertyValue(variable).trim());
    }
  }

  /** Tangents of half the picture's width and height, null if not known; tells what is new. */
  setView(view) {
    if (this.#view === String(view)) return false;
    this.#view = String(view);
    this.frustum.visible = view !== null;
    if (!view) return true;
    const [x, y] = view.map((tangent) => tangent * FRUSTUM_M);
    const corners = [[-x, -y], [x, -y], [x, y], [-x, y]].map(([u, v]) => [u, v, FRUSTUM_M]);
    const edges = corners.flatMap((corner, index) => [[0, 0, 0], corner, corner, corners[(index + 1) % 4]]);
    this.frustum.geometry.setAttribute("position", new Float32BufferAttribute(edges.flat(), 3));
    this.frustum.geometry.computeBoundingSphere();
    return true;
  }

  /** The head's orientation that is commanded, degrees (REP-103), null for none; tells what is new. */
  setTarget(angles) {
    const key = JSON.stringify(angles);
    if (this.#target === key) return false;
    this.#target = key;
    this.target.visible = angles !== null;
    if (!angles) return true;
    const [pitch, yaw] = [angles.pitch, angles.yaw].map((degrees) => (degrees * Math.PI) / 180);
    const head = this.#robot.links.head.getWorldPosition(new Vector3());
    const ahead = new Vector3(Math.cos(yaw) * Math.cos(pitch), Math.sin(yaw) * Math.cos(pitch), -Math.sin(pitch));
    this.target.geometry.setFromPoints([head, head.clone().addScaledVector(ahead, TARGET_M)]);
    return true;
  }

  /** Shows that the robot is to look there; null for nowhere. */
  setMark(point) {
    this.mark.visible = this.sight.visible = point !== null;
    if (point) this.mark.position.copy(point);
  }

  /** Follows the robot. */
  update() {
    if (!this.mark.visible) return;
    this.#robot.links.camera_optical.getWorldPosition(this.#from);
    const places = this.sight.geometry.attributes.position;
    places.setXYZ(0, ...this.#from);
    places.setXYZ(1, ...this.mark.position);
    places.needsUpdate = true;
  }
}
