// What there is to see of an event: its clip, the strongest frame, with heatmap, in full size; and where on it.

import { eventFile } from "./api.js";
import { fill, h, setStyle } from "./dom.js";
import { icon } from "./icons.js";
import { still } from "./look.js";

const KINDS = [
  { name: "clip", word: "Clip", shape: "play", file: "clip.mp4" },
  { name: "overlay", word: "Heatmap", shape: "heat", file: "overlay.jpg" },
  { name: "snapshot", word: "Picture", shape: "camera", file: "snapshot.jpg" },
  { name: "full", word: "Full size", shape: "full", file: "full.jpg" },
];

const SOON_MS = 60_000; // a clip that is not there then does not come

export class Media {
  constructor(event) {
    this.event = event;
    this.box = h("div.box", { hidden: true });
    this.stage = h("div.stage");
    this.tabs = h("div.row.kinds", { role: "group", "aria-label": "What to see" });
    this.wait = h("p.hint", { hidden: true }, "If clips are kept, this one's comes some seconds after its end.");
    this.element = h("section.media", this.stage, this.tabs, this.wait);
    this.there = "";
  }

  /** Show another phase of the event; what is being watched stays. */
  show(event) {
    this.event = event;
    const leftMs = event.phase === "closed" ? event.ended_ns / 1e6 + SOON_MS - Date.now() : SOON_MS;
    this.wait.hidden = Boolean(event.clip) || leftMs <= 0;
    clearTimeout(this.waiting);
    if (event.phase === "closed" && leftMs > 0) this.waiting = setTimeout(() => (this.wait.hidden = true), leftMs);
    const kinds = KINDS.filter((kind) => event[kind.name]);
    const there = kinds.map((kind) => event[kind.name]).join(" ");
    if (there === this.there) return;
    this.there = there;
    fill(
      this.tabs,
      kinds.map((kind) => this.#tab(kind)),
    );
    if (!kinds.some((kind) => kind.name === this.kind)) this.#choose(kinds[0]);
    else this.#press();
  }

  /** The next kind of picture there is. */
  step() {
    const buttons = [...this.tabs.children];
    const at = buttons.findIndex((button) => button.dataset.kind === this.kind);
    buttons[(at + 1) % buttons.length]?.click();
  }

  /** Show where: shares (left, top, right, bottom) of the picture, or nothing. */
  point(box) {
    this.box.hidden = box === null;
    if (box === null) return;
    const [left, top, right, bottom] = box.map((share) => share * 100);
    setStyle(this.box, { left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%` });
  }

  /** As wide as it is, so that places on it can be shown. */
  #shape(width, height) {
    const fitted = this.stage.querySelector(".fitted");
    if (fitted && width > 0 && height > 0) setStyle(fitted, { "--ratio": width / height });
  }

  #tab(kind) {
    return h(
      "button",
      { type: "button", "data-kind": kind.name, onclick: () => this.#choose(kind) },
      icon(kind.shape),
      kind.word,
    );
  }

  #choose(kind) {
    this.kind = kind?.name;
    this.#press();
    if (!kind) fill(this.stage, h("p.none", "There is no picture of this event."));
    else fill(this.stage, h("div.fitted", kind.name === "clip" ? this.#clip(kind) : this.#picture(kind), this.box));
  }

  #press() {
    for (const button of this.tabs.children)
      button.setAttribute("aria-pressed", String(button.dataset.kind === this.kind));
  }

  #clip(kind) {
    const poster = this.event.snapshot ? eventFile(this.event.id, "snapshot.jpg") : null;
    const made = h("video", {
      src: eventFile(this.event.id, kind.file),
      poster,
      controls: true,
      playsinline: true,
      preload: "metadata",
      "aria-label": "Clip of the event",
    });
    made.addEventListener("loadedmetadata", () => this.#shape(made.videoWidth, made.videoHeight));
    const save = h("a", { href: made.src, download: `${this.event.id}.mp4` }, "Save the clip");
    made.muted = true; // or a browser does not let it begin by itself
    made.autoplay = !still();
    made.addEventListener("error", () => fill(this.stage, h("p.none", "The clip is gone, or this browser cannot play it. ", save)));
    return made;
  }

  #picture(kind) {
    const made = h("img", {
      src: eventFile(this.event.id, kind.file),
      alt: `${kind.word}: the strongest moment of the event`,
    });
    made.addEventListener("load", () => this.#shape(made.naturalWidth, made.naturalHeight));
    made.addEventListener("error", () => fill(this.stage, h("p.none", "The picture is not there any more.")));
    return made;
  }
}
