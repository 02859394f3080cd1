// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The live picture: the robot's own video where that plays, JPEG pictures where not. It reconnects
// by itself, and is never shown when it is not fresh.

import { element, remember, remembered, setText, sleep, whenVisible } from "./dom.js";
import { known } from "./events.js";
import { pictures } from "./stream.js";
import { startVideo, video, wantVideo } from "./video.js";

const FRESH_MS = 2500; // an older picture is not shown
const STALL_MS = 5000; // a stream that is silent for this long is given up
const PAUSE_MS = [250, 2000]; // between attempts, doubled from the first to the last
const SETTINGS = ["width", "quality", "fps"];
const SLOWEST_MS = 1500; // how long a picture stays fresh beyond the rate that was chosen

const RATE_MS = 3000; // what a rate is counted over, and the least that it can be
const SHORTEST_MS = 400;
const TICK_MS = 250;

const stage = element("stage");
const picture = element("picture");
const canvas = element("pictures").getContext("bitmaprenderer");
const FORMAT = { video: "H264 video", pictures: "JPEG" };

let attempt = null; // AbortController of the stream being read
let heard = performance.now(); // when the stream last gave a sign of life
let painted = -Infinity;
let size = [0, 0]; // of the picture painted
let trouble = ""; // why the last attempt failed, in the server's words
let opened = performance.now(); // when the page was last brought to the front, or set anew
const paints = []; // times of the last pictures

/** Whether a fresh picture is shown. */
export const isLive = () => stage.dataset.state === "live";

/** Width and height of the picture shown, px. */
export const shownSize = () => size;

/** Whether that is "video" or "pictures". */
export const shownKind = () => picture.dataset.shown;

/** Pictures a second that this page really shows. */
export function shownRate() {
  const now = performance.now();
  while (paints.length && now - paints[0] > RATE_MS) paints.shift();
  const span = paints.length ? paints.at(-1) - paints[0] : 0;
  return span > SHORTEST_MS ? ((paints.length - 1) * 1000) / span : null;
}

async function watch() {
  let [pause] = PAUSE_MS;
  for (;;) {
    await whenVisible();
    if (!picturesWanted()) {
      await sleep(TICK_MS);
      continue;
    }
    attempt = new AbortController();
    heard = performance.now();
    try {
      for await (const jpeg of pictures(address(), attempt.signal)) {
        await paint(jpeg);
        trouble = "";
        [pause] = PAUSE_MS;
      }
    } catch (error) {
      trouble = error.name === "Error" ? error.message : "";
    }
    const again = ["set anew", "video plays"].includes(attempt.signal.reason);
    attempt.abort();
    if (again) continue;
    await sleep(pause * (0.7 + 0.3 * Math.random()));
    pause = Math.min(pause * 2, PAUSE_MS[1]);
  }
}

/** Where the stream is: the camera's bytes as they are, or encoded anew as chosen. */
function address() {
  return chosen().length ? `api/stream?${new URLSearchParams(chosen())}` : "api/stream";
}

const chosen = () => SETTINGS.map((name) => [name, element(name).value]).filter(([, value]) => value);

/** Pictures are for who chose them, and where no video plays. */
function picturesWanted() {
  return chosen().length > 0 || !["starting", "playing"].includes(video.state);
}

async function paint(jpeg) {
  heard = performance.now();
  const bitmap = await createImageBitmap(jpeg);
  if (!picturesWanted()) return;
  const { width, height } = bitmap;
  canvas.transferFromImageBitmap(bitmap);
  note("pictures", width, height);
}

function note(kind, width, height) {
  if (picture.dataset.shown !== kind) {
    picture.dataset.shown = kind;
    paints.length = 0;
  }
  if (size[0] !== width || size[1] !== height) stage.style.aspectRatio = `${width} / ${height}`;
  size = [width, height];
  painted = performance.now();
  paints.push(painted);
  show();
}

function noteVideo(width, height) {
  attempt?.abort("video plays");
  note("video", width, height);
}

function freshMs() {
  const rate = Number(element("fps").value);
  return rate ? Math.max(FRESH_MS, 1000 / rate + SLOWEST_MS) : FRESH_MS;
}

function stateNow() {
  const now = performance.now();
  const { status, refusal } = known;
  if (now - painted < freshMs()) return ["live", "", ""];
  if (now - opened < FRESH_MS) return ["connecting", "Connecting", "Asking for the first picture."];
  if (refusal) return ["unreachable", "Not allowed in", refusal];
  if (!status) {
    return ["unreachable", "Dashboard out of reach", "Its program has ended, or the network is down. This page keeps trying."];
  }
  if (["connecting", "stalled", "lost"].includes(status.connection)) {
    return ["away", "Robot away", "Check that it is switched on and on the network. The picture comes back by itself."];
  }
  const { lifecycle = "active", reason = "" } = status.camera ?? {};
  if (lifecycle !== "active") {
    return ["silent", "Camera off", `The camera is ${lifecycle}: its stream from the robot is closed until it is activated.`];
  }
  const why = (reason || trouble || (video.state === "waiting" && video.reason) || "No picture has come for a while").replace(/\.$/, "");
  return ["silent", "Camera silent", `${why[0].toUpperCase()}${why.slice(1)}. The picture comes back by itself.`];
}

function show() {
  const [state, title, hint] = stateNow();
  if (stage.dataset.state !== state) {
    stage.dataset.state = state;
    stage.dispatchEvent(new Event("statechange"));
  }
  if (state === "live") return;
  setText("state", title);
  setText("hint", hint);
}

function tick() {
  picture.dataset.flip = known.status?.camera?.flip ?? "";
  if (performance.now() - heard > STALL_MS) attempt?.abort();
  const rate = shownRate();
  setText("format", rate ? `${size.join(" × ")} · ${rate.toFixed(1)} Hz · ${FORMAT[shownKind()]}` : "");
  show();
}

function choose() {
  for (const name of SETTINGS) remember(name, element(name).value);
  opened = performance.now();
  wantVideo(!chosen().length);
  attempt?.abort("set anew");
}

function showChoices(open) {
  element("choices").hidden = !open;
  element("choose").setAttribute("aria-expanded", open);
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else stage.requestFullscreen().catch(() => {});
}

export function start() {
  for (const name of SETTINGS) {
    const select = element(name);
    const value = remembered(name);
    if ([...select.options].some((option) => option.value === value)) select.value = value;
    select.addEventListener("change", choose);
  }
  element("choose").addEventListener("click", () => showChoices(element("choices").hidden));
  showChoices(chosen().length > 0);
  element("full").hidden = !document.fullscreenEnabled;
  element("full").addEventListener("click", toggleFullScreen);
  stage.addEventListener("dblclick", () => document.fullscreenElement && toggleFullScreen());
  document.addEventListener("visibilitychange", () => {
    opened = performance.now();
    if (document.hidden) attempt?.abort();
  });
  wantVideo(!chosen().length);
  startVideo(element("video"), noteVideo);
  watch();
  setInterval(tick, TICK_MS);
}
