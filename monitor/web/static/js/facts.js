// What is known of one event, in words: why, when, how rare, and what would have been ordinary. Fetches no list.

import { eventFile } from "./api.js";
import { fill, h } from "./dom.js";
import { absolute, second, span } from "./time.js";
import { STATES, causeWords, figure, kindOf, rarity, sentence } from "./words.js";

/** Why it was told; pointing at a reason shows on `media` where. */
export function showReasons(card, event, media) {
  const items = event.reasons.map((reason) => {
    const item = h("li", { tabindex: reason.box ? 0 : null }, h("p", sentence(reason.text)), h("p.soft", by(reason)));
    if (reason.box) {
      for (const at of ["pointerenter", "focus"]) item.addEventListener(at, () => media.point(reason.box));
      for (const at of ["pointerleave", "blur"]) item.addEventListener(at, () => media.point(null));
    }
    return item;
  });
  const none = h("p.soft", "Nothing more is known of why.");
  fill(
    card,
    h("h2", "Why"),
    items.length ? h("ol", items) : none,
    event.reasons.some((each) => each.box) && h("p.hint", "Point at a reason to see where."),
  );
}

function by(reason) {
  const chance = reason.p_value === null ? "" : `, ${rarity(reason.p_value, "moments")}`;
  return `${reason.detector} (${reason.channel})${chance}`;
}

/** When, how long, how rare. */
export function showFacts(card, event) {
  const ofPicture = kindOf(event) === "anomaly";
  const rows = [
    ["Began", h("time", { title: absolute(event.began_ns / 1e6) }, second(event.began_ns / 1e6))],
    ["Lasted", lasted(event)],
    ofPicture && [
      "Strongest",
      `${second(event.peak_ns / 1e6)}, score ${figure(event.score)} where the limit was ${figure(event.limit)}`,
    ],
    ofPicture && ["How rare", rarity(event.p_value, "moments of this camera's ordinary life")],
    ofPicture && ["Camera", `${STATES[event.state] ?? event.state}${event.light ? `, ${event.light}` : ""}`],
    event.cause && ["Ended", sentence(causeWords(event.cause))],
    event.held && ["Held", `Nobody was told at once: ${event.held}`],
    event.also > 0 && ["Also", `${event.also} other held events stand behind it`],
    event.began_pts !== null && ["In the video", `${span(event.began_pts)} from its beginning`],
    ["Id", h("code", event.id)],
  ];
  fill(
    card,
    h("h2", "Facts"),
    h(
      "dl",
      rows.filter(Boolean).map(([name, value]) => h("div", h("dt", name), h("dd", value))),
    ),
  );
}

/** The ordinary pictures beside it, if there are any. */
export function showNormals(card, event) {
  const files = event.normals ?? [];
  card.hidden = files.length === 0;
  const pictures = files.map((_, n) =>
    h("img", {
      src: eventFile(event.id, `normal-${n + 1}.jpg`),
      alt: `Ordinary picture ${n + 1}`,
      loading: "lazy",
    }),
  );
  if (files.length)
    fill(
      card,
      h("h2", "What would have been ordinary"),
      h("p.soft", "The pictures of this place that the camera knows as ordinary and that are most like it."),
      h("div.strip", pictures),
    );
}

function lasted(event) {
  const s = span((event.ended_ns - event.began_ns) / 1e9);
  const time = event.phase === "closed" ? s : `${s} so far`;
  return event.frames ? `${time}, ${event.frames} strange pictures` : time;
}
