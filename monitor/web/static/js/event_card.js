// An event as it is listed: a thumbnail, when and where, what it was, and what people made of it. Fetches no list.

import { eventFile } from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { tag } from "./parts.js";
import { absolute, second, span } from "./time.js";
import { STATES, figure, headline, kindOf, ofWhom } from "./words.js";

/** The tags of an event, as elements. */
export function eventTags(event) {
  const kind = kindOf(event);
  return [
    kind === "health" && tag("warn", "degraded", "Notice", "rareframe about itself and its cameras"),
    kind === "test" && tag("plain", "ended", "Test", "Nothing happened: somebody tried a sink"),
    event.phase !== "closed" && tag("rare", "rare", "Going on"),
    event.feedback === "normal" && tag("ok", "calm", "Normal here"),
    event.feedback === "unusual" && tag("rare", "star", "Really unusual"),
    event.protected && tag("learn", "shield", "Protected"),
    event.held && tag("warn", "held", `Held: ${event.held}`, "Nobody was told of it at once"),
    event.shadow && tag("plain", "unknown", "Shadow", "Raised by the camera's shadow: nobody is told of it"),
    kind === "anomaly" &&
      event.state !== "active" &&
      event.held !== STATES[event.state]?.toLowerCase() &&
      tag("plain", "learning", STATES[event.state] ?? event.state, "The camera's state at its strongest frame"),
  ].filter(Boolean);
}

export class EventCard {
  /** `overlay`: whether the heatmap is shown. */
  constructor(event, overlay) {
    this.img = h("span.thumb");
    this.tags = h("span.tags");
    this.head = h("span.head");
    this.what = h("span.what");
    this.figures = h("span.figures");
    this.element = h(
      "a.event",
      { href: `#/event/${event.id}` },
      this.img,
      h("span.body", this.head, this.what, this.figures, this.tags),
    );
    this.show(event, overlay);
  }

  /** Show another phase of the same event, or another picture of it. */
  show(event, overlay) {
    const picture = `${overlay} ${event.overlay} ${event.snapshot}`;
    if (picture !== this.picture)
      fill(
        this.img,
        thumb(event, overlay),
        event.clip && h("span.has-clip", icon("play"), h("span.unseen", "has a clip")),
      );
    this.picture = picture;
    this.event = event;
    const began = event.began_ns / 1e6;
    fill(
      this.head,
      h("strong", ofWhom(event)),
      h("time", { datetime: new Date(began).toISOString(), title: absolute(began) }, second(began)),
    );
    fill(this.what, headline(event));
    fill(this.figures, figures(event));
    fill(this.tags, eventTags(event));
    this.element.dataset.id = event.id;
  }
}

function figures(event) {
  const s = (event.ended_ns - event.began_ns) / 1e9;
  const lasted = event.phase !== "closed" ? "going on" : s < 1 ? "a moment" : span(s);
  return event.limit > 0 ? `${figure(event.score / event.limit)} × the limit · ${lasted}` : lasted;
}

function thumb(event, overlay) {
  if (kindOf(event) !== "anomaly") return h("span.none", icon(event.phase === "closed" ? "calm" : "degraded"));
  const name = overlay && event.overlay ? "overlay.jpg" : event.snapshot ? "snapshot.jpg" : null;
  if (name === null) return h("span.none", "No picture");
  const made = h("img", { src: eventFile(event.id, name), alt: "", loading: "lazy", width: 640, height: 360 });
  made.addEventListener("error", () => made.replaceWith(h("span.none", "The picture is not there any more")));
  return made;
}
