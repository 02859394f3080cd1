// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The robot's own video over a WebSocket; why there is none, where there is none.

import { sleep, whenVisible } from "./dom.js";
import { canPlay, Film } from "./film.js";
import { socketTo } from "./sockets.js";

const SILENT_MS = 5000; // the server says why nothing comes long before
const PAUSE_MS = [250, 5000];

/** `state` is "starting", "playing", "waiting" or "impossible". */
export const video = { state: "starting", reason: "" };

let element = null;
let onFrame = () => {};
let wanted = true;
let film = null;
let shown = false; // anything of the connection that is open
let end = () => {}; // of the connection that is open

/** Plays in a video element; calls back with the size of each picture that is shown. */
export function startVideo(target, shown) {
  element = target;
  onFrame = shown;
  if (!canPlay()) {
    set("impossible", "this browser cannot play it");
    return;
  }
  if (element.requestVideoFrameCallback) element.requestVideoFrameCallback(presented);
  else element.addEventListener("timeupdate", () => played());
  document.addEventListener("visibilitychange", () => document.hidden && end());
  addEventListener("pagehide", () => end());
  run();
}

/** Has it played or not, where the browser can. */
export function wantVideo(want) {
  if (want === wanted) return;
  wanted = want;
  if (!want) end();
}

async function run() {
  let [pause] = PAUSE_MS;
  for (;;) {
    await whenVisible();
    const played = !wanted || (await connection());
    if (video.state === "impossible") return;
    if (played) [pause] = PAUSE_MS;
    else set("waiting", video.state === "waiting" ? video.reason : "it was interrupted");
    await sleep(pause * (0.7 + 0.3 * Math.random()));
    pause = Math.min(pause * 2, PAUSE_MS[1]);
  }
}

/** Plays until the connection ends; tells whether anything was shown. */
function connection() {
  return new Promise((done) => {
    const socket = socketTo("api/video");
    shown = false;
    let silence = 0;
    const hear = () => {
      clearTimeout(silence);
      if (video.state !== "waiting") silence = setTimeout(end, SILENT_MS);
    };
    end = () => {
      end = () => {};
      clearTimeout(silence);
      socket.onmessage = socket.onclose = null;
      socket.close();
      drop();
      if (shown) set("starting", ""); // so that pictures do not come in between
      done(shown);
    };
    socket.onclose = () => end();
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") tell(JSON.parse(data));
      else film?.add(data);
      hear();
    };
    hear();
  });
}

function tell({ mime, waiting }) {
  if (waiting) {
    set("waiting", waiting);
  } else if (mime) {
    drop();
    if (!canPlay(mime)) {
      set("impossible", `this browser cannot play ${mime}`);
      end();
      return;
    }
    film = new Film(element, mime, () => end());
  }
}

function drop() {
  film?.close();
  film = null;
}

function presented() {
  played();
  element.requestVideoFrameCallback(presented);
}

function played() {
  if (!film || !element.videoWidth) return;
  shown = true;
  set("playing", "");
  onFrame(element.videoWidth, element.videoHeight);
}

function set(state, reason) {
  Object.assign(video, { state, reason });
}
