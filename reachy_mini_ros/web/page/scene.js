// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The robot in 3D, out of its own URDF, with its joints where they are. Drawn only when something
// has changed. Axes are the robot's (REP-103), metres.

import {
  AmbientLight,
  DirectionalLight,
  HemisphereLight,
  Mesh,
  PerspectiveCamera,
  Scene,
  WebGLRenderer,
} from "./vendor/three.module.min.js";
import URDFLoader from "./vendor/URDFLoader.js";
import { reason } from "./api.js";
import { element } from "./dom.js";
import { follow } from "./joints.js";
import { aimAt } from "./aim.js";
import { loadMesh } from "./mesh.js";
import { Orbit, VIEWS } from "./orbit.js";
import { Props } from "./props.js";

const MODEL = "api/model/";
const GLASS = 0x101114; // what is transparent: lenses, behind which it is dark
const SMOOTH_MS = 40; // the joints follow what is told, 20 times a second
const STILL = 1e-5; // rad

const canvas = element("solid-canvas");

/** What is shown: three's objects, the joints as they were told (rad), how often it was drawn. */
export const shown = { robot: null, camera: null, props: null, joints: {}, frames: 0 };

let renderer = null;
let scene = null;
let loading = null;
let visible = false; // the card is open and in the window
let pending = 0; // the next frame, if one is asked for
let drawnAt = 0;

/** Loads the robot, once; throws an Error that says why that is not possible. */
export async function load() {
  loading ??= build();
  try {
    await loading;
  } catch (error) {
    loading = null;
    throw error;
  }
}

async function build() {
  const robot = await loadRobot();
  renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
  scene = new Scene();
  const key = new DirectionalLight(0xffffff, 1.7);
  key.position.set(1, 0.8, 1.6);
  const rim = new DirectionalLight(0xffffff, 0.5);
  rim.position.set(-1, -1, 0.6);
  const sky = new HemisphereLight(0xffffff, 0x8d8478, 0.9);
  sky.position.set(0, 0, 1);
  scene.add(new AmbientLight(0xffffff, 0.3), sky, key, rim, robot);
  const camera = new PerspectiveCamera(32, 1, 0.02, 10);
  camera.up.set(0, 0, 1);
  const props = new Props(scene, robot);
  Object.assign(shown, { robot, camera, props });
  const orbit = new Orbit(camera, canvas, draw, (event) => aimAt(event, shown, draw));
  for (const button of document.querySelectorAll("[data-from]")) {
    button.addEventListener("click", () => orbit.look(VIEWS[button.dataset.from]));
  }
  element("solid-nearer").addEventListener("click", () => orbit.nearer(1.2));
  element("solid-farther").addEventListener("click", () => orbit.nearer(1 / 1.2));
  new ResizeObserver(resize).observe(canvas.parentElement);
  new IntersectionObserver(([entry]) => see(entry.isIntersecting)).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    props.colour();
    draw();
  });
}

async function loadRobot() {
  const answer = await fetch(`${MODEL}robot.urdf`);
  if (!answer.ok) throw new Error(await reason(answer));
  const meshes = new Map();
  const waiting = [];
  const loader = new URDFLoader();
  loader.workingPath = MODEL;
  loader.loadMeshCb = (address, manager, material, done) => {
    if (!meshes.has(address)) meshes.set(address, loadMesh(address));
    waiting.push(meshes.get(address).then((geometry) => done(new Mesh(geometry, surface(material)))));
  };
  const robot = loader.parse(await answer.text());
  await Promise.all(waiting);
  for (const joint of Object.values(robot.joints)) joint.ignoreLimits = true; // they are where they are
  return robot;
}

function surface(material) {
  if (material.opacity < 1) {
    material.color.set(GLASS);
    Object.assign(material, { opacity: 1, transparent: false, depthWrite: true, shininess: 120 });
  }
  return material;
}

export function show() {
  element("solid-tools").hidden = false;
  resize();
  see(true);
  follow(({ joints, view }) => {
    told(joints);
    canvas.dataset.known = "passive_7_z" in joints; // without it, where the head is cannot be told
    if (shown.props.setView(view)) draw();
  });
}

function told(joints) {
  const before = shown.joints;
  shown.joints = joints;
  if (Object.keys(joints).some((name) => joints[name] !== before[name])) draw();
}

export function hide() {
  follow(null);
  see(false);
}

/** Shows where the head is commanded to; null for nothing. */
export function update(status) {
  if (shown.props.setTarget(status?.target_head ?? null)) draw();
}

function see(seen) {
  visible = seen && !element("solid").hidden;
  draw();
}

function resize() {
  const { clientWidth: width, clientHeight: height } = canvas.parentElement;
  if (!width || !height) return;
  renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  renderer.setSize(width, height, false);
  shown.camera.aspect = width / height;
  // What is narrow is looked at from so far that the robot fits into its width.
  shown.camera.zoom = Math.min(1, shown.camera.aspect * 1.1);
  shown.camera.updateProjectionMatrix();
  draw();
}

function draw() {
  if (visible && shown.robot) pending ||= requestAnimationFrame(frame);
}

function frame(now) {
  pending = 0;
  const share = 1 - Math.exp(-Math.min(100, now - drawnAt) / SMOOTH_MS);
  drawnAt = now;
  let moving = false;
  for (const [name, told] of Object.entries(shown.joints)) {
    const joint = shown.robot.joints[name];
    if (!joint) continue;
    const rest = told - joint.angle;
    const still = Math.abs(rest) < STILL;
    joint.setJointValue(still ? told : joint.angle + share * rest);
    moving ||= !still;
  }
  shown.props.update();
  renderer.render(scene, shown.camera);
  shown.frames++;
  if (moving) draw();
}
