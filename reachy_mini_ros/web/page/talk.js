// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Push to talk: while the button is held, this computer's microphone is played by the robot, and
// the robot's own sound is silent here.

import { element } from "./dom.js";
import { muteHearing } from "./hear.js";
import { toast } from "./log.js";
import { socketTo } from "./sockets.js";

const WAITING = 25; // pieces of 20 ms that wait for the connection
const QUIETEST_DB = -60;
const ECHO_MS = 400; // how long what was said may still come back

const button = element("talk");
let talk = null; // the one that is going on

class Talk {
  #ended = false;
  #ready = false;
  #waiting = [];
  #socket = null;
  #context = null;
  #stream = null;

  async start() {
    button.setAttribute("aria-pressed", true);
    muteHearing(true);
    try {
      // The permission is asked for the first time only.
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
      });
      this.#context = new AudioContext({ latencyHint: "interactive" });
      await this.#context.audioWorklet.addModule("talk-worklet.js");
    } catch (error) {
      this.fail(error.name === "NotAllowedError" ? "The browser was not allowed the microphone" : `The microphone cannot be had: ${error.message}`);
    }
    if (this.#ended) {
      this.#close();
      return;
    }
    this.#connect();
    const pieces = new AudioWorkletNode(this.#context, "pieces", { numberOfOutputs: 0 });
    pieces.port.onmessage = ({ data }) => this.#send(data);
    this.#context.createMediaStreamSource(this.#stream).connect(pieces);
  }

  #connect() {
    this.#socket = socketTo("api/talk");
    this.#socket.onopen = () => this.#socket.send(JSON.stringify({ rate: this.#context.sampleRate }));
    this.#socket.onclose = () => this.fail("The dashboard did not take it");
    this.#socket.onmessage = ({ data }) => {
      const { playing, error } = JSON.parse(data);
      if (error) this.fail(error);
      this.#ready ||= Boolean(playing);
    };
  }

  #send(piece) {
    if (this.#ended) return;
    showLevel(piece);
    this.#waiting.push(piece);
    if (!this.#ready) {
      this.#waiting = this.#waiting.slice(-WAITING);
      return;
    }
    for (const each of this.#waiting) this.#socket.send(each);
    this.#waiting = [];
  }

  fail(reason) {
    if (this.#ended) return;
    toast("error", "Talk", reason);
    this.end();
  }

  end() {
    if (this.#ended) return;
    this.#ended = true;
    talk = null;
    button.setAttribute("aria-pressed", false);
    showLevel([]);
    setTimeout(() => talk || muteHearing(false), ECHO_MS);
    this.#close();
  }

  #close() {
    if (this.#socket) this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket?.close();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#context?.close().catch(() => {});
    this.#context = null;
  }
}

function showLevel(piece) {
  const power = piece.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0) / (piece.length || 1);
  const level = power > 0 ? 10 * Math.log10(power) : QUIETEST_DB;
  const share = Math.max(0, Math.min(1, 1 - level / QUIETEST_DB));
  element("talk-level").style.transform = `scaleX(${share})`;
}

function begin() {
  if (talk || button.disabled) return;
  talk = new Talk();
  talk.start();
}

const isKey = ({ key }) => key === " " || key === "Enter";

export function start() {
  if (!window.isSecureContext || !navigator.mediaDevices) {
    button.disabled = true;
    button.title = "Browsers give the microphone only to pages over HTTPS, or of this computer";
    return;
  }
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    begin();
  });
  for (const name of ["pointerup", "pointercancel", "blur"]) button.addEventListener(name, () => talk?.end());
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long press
  button.addEventListener("keydown", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    begin();
  });
  button.addEventListener("keyup", (event) => isKey(event) && talk?.end());
  document.addEventListener("visibilitychange", () => document.hidden && talk?.end());
}
