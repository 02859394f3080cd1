// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The page: live picture that reconnects by itself, states, snapshot, read-outs.

import { pictures, reason } from "./stream.js";

const FRESH_MS = 2500; // an older picture is not shown
const STALL_MS = 5000; // a stream that is silent for this long is given up
const PAUSE_MS = [250, 2000]; // between attempts, doubled from the first to the last
const STATUS_MS = 500;

const element = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const stage = element("stage");
const canvas = element("picture").getContext("bitmaprenderer");

let attempt = null; // AbortController of the stream being read
let heard = performance.now(); // when the stream last gave a sign of life
let painted = -Infinity;
let size = ""; // of the picture painted
let trouble = ""; // why the last attempt failed, in the server's words
let opened = performance.now(); // when the page was last brought to the front
let status = null; // the server's last answer, null before and after a failed one
let refusal = null; // why there is none: undefined if the server did not answer at all

// --- the picture ---

async function watch() {
  let [pause] = PAUSE_MS;
  for (;;) {
    await whenVisible();
    attempt = new AbortController();
    heard = performance.now();
    try {
      for await (const jpeg of pictures("api/stream", attempt.signal)) {
        await paint(jpeg);
        trouble = "";
        [pause] = PAUSE_MS;
      }
    } catch (error) {
      trouble = error.name === "Error" ? error.message : "";
    }
    attempt.abort();
    await sleep(pause * (0.7 + 0.3 * Math.random()));
    pause = Math.min(pause * 2, PAUSE_MS[1]);
  }
}

async function paint(jpeg) {
  heard = performance.now();
  const bitmap = await createImageBitmap(jpeg);
  const { width, height } = bitmap;
  canvas.transferFromImageBitmap(bitmap);
  stage.style.aspectRatio = `${width} / ${height}`;
  size = `${width} × ${height}`;
  painted = performance.now();
  show();
}

/** A page that nobody sees does not keep the robot's camera busy. */
function whenVisible() {
  return new Promise((done) => {
    const check = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", check);
      done();
    };
    document.addEventListener("visibilitychange", check);
    check();
  });
}

document.addEventListener("visibilitychange", () => {
  opened = performance.now();
  if (document.hidden) attempt?.abort();
});

// --- the state ---

function stateNow() {
  const now = performance.now();
  if (now - painted < FRESH_MS) return ["live", "", ""];
  if (now - opened < FRESH_MS) return ["connecting", "Connecting", "Asking for the first picture."];
  if (refusal) return ["unreachable", "Not allowed in", refusal];
  if (!status) {
    return ["unreachable", "Dashboard out of reach", "Its program has ended, or the network is down. This page keeps trying."];
  }
  const away = ["connecting", "stalled", "lost"].includes(status.connection);
  if (away) {
    return ["away", "Robot away", "Check that it is switched on and on the network. The picture comes back by itself."];
  }
  const { lifecycle = "active", reason = "" } = status.camera ?? {};
  if (lifecycle !== "active") {
    return ["silent", "Camera off", `The camera is ${lifecycle}: its stream from the robot is closed until it is activated.`];
  }
  const why = reason || trouble || "No picture has come for a while";
  return ["silent", "Camera silent", `${why[0].toUpperCase()}${why.slice(1)}. The picture comes back by itself.`];
}

function show() {
  const [state, title, hint] = stateNow();
  if (stage.dataset.state !== state) {
    stage.dataset.state = state;
    element("shoot").disabled = state !== "live";
  }
  if (state === "live") return;
  setText("state", title);
  setText("hint", hint);
}

// --- the read-outs ---

const CONNECTION = {
  connecting: "Connecting",
  connected: "Connected",
  stalled: "Stalled",
  lost: "Robot away",
  unreachable: "Offline",
  unknown: "No driver",
};

async function poll() {
  for (;;) {
    await whenVisible();
    try {
      const answer = await fetch("api/status", { cache: "no-store", signal: AbortSignal.timeout(3000) });
      refusal = answer.ok ? null : await reason(answer);
      status = answer.ok ? await answer.json() : null;
    } catch {
      status = null;
      refusal = null;
    }
    if (performance.now() - heard > STALL_MS) attempt?.abort();
    read(status ?? {});
    show();
    await sleep(STATUS_MS);
  }
}

function read({ robot = {}, picture = {}, head = null, connection = null }) {
  const link = status ? connection ?? "unknown" : "unreachable";
  element("connection").dataset.state = link;
  setText("connection-text", CONNECTION[link] ?? link);
  setText("subtitle", [robot.robot_name, robot.model].filter(Boolean).join(" · ") || "Live view");
  const connected = link === "connected";
  for (const name of ["robot_name", "model", "daemon_version"]) setText(name, robot[name] || "–");
  setText("motor_mode", (connected && robot.motor_mode?.replaceAll("_", " ")) || "–");
  const rate = typeof picture.rate_hz === "number" ? `${picture.rate_hz.toFixed(1)} Hz` : "";
  setText("viewers", picture.viewers ?? "–");
  setText("format", rate && `${size} · ${rate}`);
  turnHead(head);
}

function turnHead(head) {
  for (const angle of ["roll", "pitch", "yaw"]) {
    setText(angle, head ? `${head[angle].toFixed(1).replace("-", "−")}°` : "–");
  }
  const { roll, pitch, yaw } = head ?? { roll: 0, pitch: 0, yaw: 0 };
  const drawing = element("head");
  drawing.dataset.known = head !== null;
  // Seen from the front: its left is our right, and a positive pitch looks down.
  drawing.style.transform = `perspective(420px) rotateY(${yaw}deg) rotateX(${-pitch}deg) rotateZ(${-roll}deg)`;
  const slide = (degrees, reach) => reach * Math.sin((degrees * Math.PI) / 180);
  element("face").style.transform = `translate(${slide(yaw, 20)}px, ${slide(pitch, 16)}px)`;
}

function setText(id, text) {
  const target = element(id);
  if (target.textContent !== String(text)) target.textContent = text;
}

// --- the snapshot ---

async function shoot() {
  const button = element("shoot");
  button.disabled = true;
  try {
    const answer = await fetch("api/snapshot", { cache: "no-store" });
    if (!answer.ok) throw new Error(await reason(answer));
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1];
    preview(await answer.blob(), name ?? "reachy_mini.jpg");
  } catch (error) {
    preview(null, "", error.name === "Error" ? error.message : "The dashboard did not answer");
  }
  button.disabled = stage.dataset.state !== "live";
  button.focus();
}

function preview(jpeg, name, error = "") {
  const shot = element("shot");
  URL.revokeObjectURL(shot.src);
  const url = jpeg ? URL.createObjectURL(jpeg) : "";
  if (url) shot.src = element("preview").href = element("save").href = url;
  shot.alt = `Snapshot ${name}`;
  element("save").download = name;
  element("preview").hidden = element("save").hidden = !url;
  element("shot-error").hidden = !error;
  element("shot-error").textContent = error;
  element("snapshot").hidden = false;
  if (matchMedia("(max-width: 61.99rem)").matches) {
    element("snapshot").scrollIntoView({ block: "nearest", behavior: "smooth" });
  }
}

element("shoot").addEventListener("click", shoot);
element("dismiss").addEventListener("click", () => {
  element("snapshot").hidden = true;
  element("shoot").focus();
});

watch();
poll();
setInterval(show, 250);
