// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// What the robot hears, by the Web Audio API, close behind the newest as the picture is.

import { element, sleep, whenVisible } from "./dom.js";
import { toast } from "./log.js";
import { socketTo } from "./sockets.js";

const RATE_HZ = 16000; // of the robot's sound, so that nothing is resampled piece by piece
const LEAD_S = 0.06; // between a piece's arrival and its being played
const MOST_S = 0.25; // what would be played later is left out
const PAUSE_MS = 1000;

const button = element("hear");
let context = null;
let volume = null; // 0 while the own voice is sent
let next = 0; // when the next piece is played, in the context's time
let format = null;
let end = () => {};

const isOn = () => button.getAttribute("aria-pressed") === "true";

/** Silences the robot's sound, so that nobody hears the own voice come back. */
export function muteHearing(mute) {
  if (volume) volume.gain.setTargetAtTime(mute ? 0 : 1, context.currentTime, 0.02);
}

async function run() {
  while (isOn()) {
    await whenVisible();
    if (isOn()) await connection();
    if (isOn()) await sleep(PAUSE_MS);
  }
}

/** Plays until the connection ends. */
function connection() {
  return new Promise((done) => {
    const socket = socketTo("api/hear");
    end = () => {
      end = () => {};
      socket.onmessage = socket.onclose = null;
      socket.close();
      done();
    };
    socket.onclose = () => end();
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") play(new Int16Array(data));
      else tell(JSON.parse(data));
    };
  });
}

function tell(told) {
  if (told.rate) format = told;
  if (told.waiting) toast("warn", "Listen", told.waiting);
  button.dataset.state = told.waiting ? "waiting" : "playing";
}

function play(samples) {
  const { rate, channels } = format;
  const buffer = context.createBuffer(channels, samples.length / channels, rate);
  for (let channel = 0; channel < channels; channel++) {
    const data = buffer.getChannelData(channel);
    for (let at = 0; at < data.length; at++) data[at] = samples[at * channels + channel] / 32768;
  }
  const now = context.currentTime;
  if (next < now) next = now + LEAD_S; // it ran dry
  if (next > now + MOST_S) return;
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(volume);
  source.start(next);
  next += buffer.duration;
}

function toggle() {
  const on = !isOn();
  button.setAttribute("aria-pressed", on);
  if (on) {
    context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
    volume = context.createGain();
    volume.connect(context.destination);
    next = 0;
    run();
  } else {
    end();
    context.close();
    volume = null;
    delete button.dataset.state;
  }
}

export function start() {
  button.addEventListener("click", toggle);
  document.addEventListener("visibilitychange", () => document.hidden && end());
  addEventListener("pagehide", () => end());
}
