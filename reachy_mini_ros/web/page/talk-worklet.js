// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Makes pieces of 20 ms of 16-bit samples of what this computer's microphone gives.

class Pieces extends AudioWorkletProcessor {
  #piece = new Int16Array(Math.round(sampleRate / 50));
  #filled = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.#piece[this.#filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.#filled === this.#piece.length) {
        this.port.postMessage(this.#piece.slice());
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("pieces", Pieces);
