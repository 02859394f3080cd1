// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// From where the robot is looked at: turned by drag and arrow keys. A wheel alone scrolls the page.

const STEP = Math.PI / 18; // of a key
const PER_PX = 0.008; // rad
const LIMITS = { elevation: [-0.05, 1.5], distance: [0.5, 1.6] };
const CLICK_PX = 5; // a press that moves further is a drag
const CENTRE_M = 0.2; // height of what is looked at

/** Azimuth from the robot's front, to its left, and elevation, rad; distance, m. */
export const VIEWS = {
  start: { azimuth: 0.45, elevation: 0.22, distance: 0.92 },
  front: { azimuth: 0, elevation: 0.1 },
  side: { azimuth: Math.PI / 2, elevation: 0.1 },
  behind: { azimuth: Math.PI, elevation: 0.25 },
  top: { azimuth: 0, elevation: 1.5 },
};
const KEYS = {
  ArrowLeft: { azimuth: -STEP },
  ArrowRight: { azimuth: STEP },
  ArrowUp: { elevation: STEP },
  ArrowDown: { elevation: -STEP },
};

export class Orbit {
  #camera;
  #changed;
  #at = { ...VIEWS.start };

  /** `changed` is called after each change, `clicked` with the event of a press without a drag. */
  constructor(camera, canvas, changed, clicked) {
    this.#camera = camera;
    this.#changed = changed;
    this.look(VIEWS.start);
    canvas.addEventListener("pointerdown", (event) => event.button === 0 && this.#press(canvas, event, clicked));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Looks from there; what is left out stays. */
  look(from) {
    Object.assign(this.#at, from);
    for (const [name, [least, most]] of Object.entries(LIMITS)) {
      this.#at[name] = Math.max(least, Math.min(most, this.#at[name]));
    }
    const { azimuth, elevation, distance } = this.#at;
    const flat = distance * Math.cos(elevation);
    this.#camera.position.set(flat * Math.cos(azimuth), flat * Math.sin(azimuth), CENTRE_M + distance * Math.sin(elevation));
    this.#camera.lookAt(0, 0, CENTRE_M);
    this.#changed();
  }

  nearer(share) {
    this.look({ distance: this.#at.distance / share });
  }

  #turn({ azimuth = 0, elevation = 0 }) {
    this.look({ azimuth: this.#at.azimuth + azimuth, elevation: this.#at.elevation + elevation });
  }

  #press(canvas, begun, clicked) {
    canvas.setPointerCapture(begun.pointerId);
    let last = begun;
    let dragged = false;
    const move = (event) => {
      dragged ||= Math.hypot(event.clientX - begun.clientX, event.clientY - begun.clientY) > CLICK_PX;
      if (!dragged) return;
      this.#turn({ azimuth: (last.clientX - event.clientX) * PER_PX, elevation: (event.clientY - last.clientY) * PER_PX });
      last = event;
    };
    const ended = new AbortController();
    const options = { signal: ended.signal };
    canvas.addEventListener("pointermove", move, options);
    canvas.addEventListener("pointercancel", () => ended.abort(), options); // the page scrolls
    canvas.addEventListener("pointerup", (event) => {
      ended.abort();
      if (!dragged) clicked(event);
    }, options);
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (KEYS[event.key]) this.#turn(KEYS[event.key]);
    else if (event.key === "+") this.nearer(1.15);
    else if (event.key === "-") this.nearer(1 / 1.15);
    else if (event.key === "Home") this.look(VIEWS.start);
    else return;
    event.preventDefault();
  }

  #wheel(event) {
    if (!event.ctrlKey) return; // which two fingers on a touchpad press, too
    event.preventDefault();
    this.nearer(Math.exp(-event.deltaY * 0.005));
  }
}
