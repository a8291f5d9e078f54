// A camera's newest picture that replaces itself without flicker, and never asks twice at once.

import { pictureUrl } from "./api.js";
import { fill, h, say } from "./dom.js";
import { icon } from "./icons.js";

export class LivePicture {
  /** `name`: the camera; `lazy`: only fetch while it can be seen. */
  constructor(name, signal) {
    this.name = name;
    this.heatmap = false;
    this.shown = "";
    this.busy = false;
    this.visible = true;
    this.note = h("span", "No picture yet");
    this.frame = h("div.live", h("p.no-picture", icon("blind"), this.note));
    const seen = new IntersectionObserver(([entry]) => (this.visible = entry.isIntersecting));
    seen.observe(this.frame);
    signal.addEventListener("abort", () => seen.disconnect());
  }

  /** Show the picture of this camera of an overview, if it is another than is shown. */
  update(camera) {
    say(this.note, camera.picture_ns === null ? "No picture" : "Fetching the picture …");
    const stamp = `${camera.picture_ns}${this.heatmap ? "h" : ""}`;
    if (camera.picture_ns === null || stamp === this.shown || this.busy || !this.visible) return;
    this.#fetch(stamp, pictureUrl(this.name, camera.picture_ns, this.heatmap));
  }

  async #fetch(stamp, url) {
    this.busy = true;
    const next = h("img", { alt: `Newest picture of ${this.name}${this.heatmap ? ", with heatmap" : ""}` });
    next.src = url;
    try {
      await next.decode();
      fill(this.frame, next);
      this.shown = stamp;
    } catch {
      // Gone in between; the next overview brings another.
    } finally {
      this.busy = false;
    }
  }
}
