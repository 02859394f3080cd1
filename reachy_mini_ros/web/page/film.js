// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Plays fragments of MP4 as they come (W3C Media Source Extensions), close behind the newest.

const Source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;

const LEAST_S = 0.04; // behind the newest picture: a little more than one at 30 Hz
const MOST_S = 0.25; // where pictures come so unevenly that less makes the video stop
const STEP_S = 0.02; // further behind after each time that it stopped
const CALM_S = 0.0002; // closer again with each picture
const SLACK_S = 0.03; // the speed is left alone within this
const FAR_S = 0.3; // behind by so much more, it goes at its fastest
const LOST_S = 1.5; // behind by so much more, it leaps
const [SLOWER, FASTER, FASTEST] = [0.95, 1.2, 3];
const BEFORE_KEY_S = 0.005;
const TIMESCALE = 90000;
const [TIME_AT, KEY_TIME_AT] = [60, 80]; // where a fragment has its time (in `tfdt`)

/** Whether this browser can play such a type at all; without one, whether it may. */
export const canPlay = (mime) => Boolean(Source) && (!mime || Source.isTypeSupported(mime));

/** One film, played by a video element until the next one or `close`. */
export class Film {
  #element;
  #failed;
  #url;
  #source = new Source();
  #buffer = null;
  #waiting = []; // fragments that are not appended yet
  #keys = []; // where the last key frames are, s
  #behind = LEAST_S;
  #newest = 0; // when the newest picture is shown, s
  #begun = false;
  #end = new AbortController();

  /** `failed` is called once if the browser gives up on the film. */
  constructor(element, mime, failed) {
    this.#element = element;
    this.#failed = failed;
    const { signal } = this.#end;
    this.#source.addEventListener("sourceopen", () => this.#open(mime), { once: true, signal });
    element.addEventListener("error", () => this.#fail(), { signal });
    element.addEventListener("waiting", () => this.#stopped(), { signal });
    this.#url = URL.createObjectURL(this.#source);
    element.disableRemotePlayback = true;
    element.src = this.#url;
  }

  /** Takes the initialisation segment, and then each fragment. */
  add(data) {
    this.#waiting.push(new Uint8Array(data));
    this.#feed();
  }

  close() {
    this.#end.abort();
    URL.revokeObjectURL(this.#url);
    this.#element.removeAttribute("src");
    this.#element.load();
  }

  #fail() {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#failed();
  }

  #open(mime) {
    try {
      this.#buffer = this.#source.addSourceBuffer(mime);
    } catch {
      this.#fail();
      return;
    }
    const { signal } = this.#end;
    this.#buffer.addEventListener("updateend", () => this.#appended(), { signal });
    this.#buffer.addEventListener("error", () => this.#fail(), { signal });
    this.#feed();
  }

  #feed() {
    if (!this.#buffer || this.#buffer.updating || !this.#waiting.length || this.#end.signal.aborted) return;
    const next = this.#waiting.findIndex((part, at) => at > 0 && isKey(part));
    const parts = this.#waiting.splice(0, next < 0 ? this.#waiting.length : next);
    this.#newest = timeOf(parts.at(-1)) ?? this.#newest;
    if (isKey(parts[0])) this.#keys.push(timeOf(parts[0]));
    try {
      this.#buffer.appendBuffer(joined(parts));
    } catch {
      this.#fail(); // no room is left, or the film was not what it said
    }
  }

  #appended() {
    if (this.#buffer.updating) return; // a fragment came before this event did
    this.#hold();
    if (this.#forget()) return;
    this.#feed();
  }

  /** Gives back what lies before the last key frame but one; tells whether that is under way. */
  #forget() {
    const [, second, third] = this.#keys;
    if (!third || this.#element.currentTime < second || this.#waiting.length) return false;
    this.#keys.shift();
    // All up to the first key frame from there on goes: which is that one.
    this.#buffer.remove(0, second - BEFORE_KEY_S);
    return true;
  }

  /** Keeps the place that is shown close behind the newest, by the speed; by a leap if it is lost. */
  #hold() {
    const { buffered } = this.#buffer;
    if (!buffered.length) return;
    const element = this.#element;
    const begin = buffered.start(buffered.length - 1);
    if (!this.#begun || element.currentTime < begin) {
      this.#begun = true;
      element.currentTime = begin;
    }
    if (element.paused) element.play().catch(() => {}); // a new film may come first
    this.#behind = Math.max(LEAST_S, this.#behind - CALM_S);
    const late = this.#newest - element.currentTime - this.#behind;
    if (late > LOST_S) element.currentTime = this.#newest - this.#behind;
    let speed = 1;
    if (late > FAR_S) speed = FASTEST;
    else if (late > SLACK_S) speed = FASTER;
    else if (late < -SLACK_S) speed = SLOWER;
    if (element.playbackRate !== speed) element.playbackRate = speed;
  }

  #stopped() {
    if (this.#begun) this.#behind = Math.min(MOST_S, this.#behind + STEP_S);
  }
}

/** When the picture of a fragment is shown, s; null for what is no fragment. */
function timeOf(part) {
  const at = isKey(part) ? KEY_TIME_AT : TIME_AT;
  if (String.fromCharCode(...part.subarray(at - 8, at - 4)) !== "tfdt") return null;
  return Number(new DataView(part.buffer, part.byteOffset).getBigUint64(at)) / TIMESCALE;
}

/** A key frame begins a segment, with a box `styp`. */
function isKey(part) {
  return String.fromCharCode(...part.subarray(4, 8)) === "styp";
}

function joined(parts) {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
