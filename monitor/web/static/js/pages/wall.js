// The wall: every camera at a glance, from across the room.

import { eventFile, history } from "../api.js";
import { fill, h, say } from "../dom.js";
import { whole } from "../history.js";
import { icon } from "../icons.js";
import { pageKeys } from "../keys.js";
import * as live from "../live.js";
import { Badge, Budget, Level, Spark, empty, toggle } from "../parts.js";
import { LivePicture } from "../picture.js";
import { retime, timeTag } from "../time.js";
import { headline, standing } from "../words.js";

export function wallPage(root, { signal }) {
  const tiles = new Map();
  let heatmap = false;
  const grid = h("div.tiles");
  const summary = h("p.summary", "Waiting for the first news …");
  const setHeatmap = (on) => {
    heatmap = on;
    for (const tile of tiles.values()) tile.picture.heatmap = on;
    refresh();
  };
  const heat = toggle("heat", "Heatmap", false, setHeatmap, "Show where it looks unusual (h)");
  const full = toggle("full", "Full screen", false, fullScreen, "Only the cameras, on the whole screen (f)");
  full.classList.add("wide-only");
  fill(root, h("div.heading", h("h1", "Wall"), summary, h("div.actions", heat, full)), grid);
  document.addEventListener(
    "fullscreenchange",
    () => full.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))),
    { signal },
  );

  function refresh() {
    const overview = live.newest();
    if (!overview) return;
    const names = overview.cameras.map((camera) => camera.camera);
    if (names.join("\n") !== [...tiles.keys()].join("\n")) rebuild(names);
    const stands = overview.cameras.map((camera) => tiles.get(camera.camera).update(camera));
    say(summary, summed(stands));
  }

  function rebuild(names) {
    tiles.clear();
    for (const name of names) tiles.set(name, new Tile(name, signal));
    for (const tile of tiles.values()) tile.picture.heatmap = heatmap;
    grid.dataset.count = names.length;
    fill(
      grid,
      names.length
        ? [...tiles.values()].map((tile) => tile.element)
        : empty("No cameras", "The configuration names none."),
    );
  }

  live.on("overview", refresh, signal);
  live.on("connection", refresh, signal);
  const keys = [
    { key: "h", what: "heatmap on or off", act: () => heat.click() },
    { key: "f", what: "full screen", act: () => full.click() },
  ];
  pageKeys(keys, signal);
}

function fullScreen(on) {
  if (on) document.documentElement.requestFullscreen?.();
  else if (document.fullscreenElement) document.exitFullscreen();
}

const SUMMED = [
  ["rare", "rare now"],
  ["blind", "without picture"],
  ["unknown", "not known"],
  ["degraded", "degraded"],
  ["learning", "learning"],
  ["ordinary", "ordinary"],
  ["ended", "ended"],
];

function summed(stands) {
  const counted = SUMMED.map(([key, word]) => [stands.filter((each) => each.key === key).length, word]);
  return counted
    .filter(([count]) => count)
    .map(([count, word]) => `${count} ${word}`)
    .join(" · ");
}

class Tile {
  constructor(name, signal) {
    this.picture = new LivePicture(name, signal);
    this.badge = new Badge();
    this.why = h("p.why");
    this.level = new Level();
    this.spark = new Spark();
    this.budget = new Budget();
    this.last = h("div.last");
    this.eventKey = "";
    this.past = [];
    this.#fetchPast(name, signal);
    const href = `#/camera/${encodeURIComponent(name)}`;
    this.element = h(
      "article.tile",
      { "aria-label": name },
      h("a.view", { href, "aria-label": `Camera ${name}`, tabindex: "-1" }, this.picture.frame),
      h("div.head", h("h2", h("a", { href }, name)), this.badge.element),
      this.why,
      h("div.now", this.spark.element, this.level.element),
      h("div.foot", this.budget.element, this.last),
    );
  }

  update(camera) {
    const stands = standing(camera, live.connection(), live.now());
    this.element.dataset.key = stands.key;
    this.badge.show(stands);
    say(this.why, stands.why);
    this.picture.update(camera);
    this.level.show(camera.score, camera.limit);
    const trail = live.trail(camera.camera);
    this.spark.show([...this.past.filter((point) => point.ms < (trail[0]?.ms ?? Infinity)), ...trail], live.now());
    this.budget.show(camera);
    this.#showLast(camera.open_event ?? camera.last_event);
    return stands;
  }

  /** The hour before this page was opened. */
  async #fetchPast(name, signal) {
    const toS = Math.floor(live.now() / 1000);
    const told = await history(name, toS - 3600, toS, signal).catch(() => null); // the last minutes do without
    if (!told) return;
    const { s, score, limit } = whole(told);
    this.past = s.map((at, n) => ({ ms: at * 1000, score: score[n], limit: limit[n] }));
  }

  #showLast(event) {
    const key = event ? `${event.id} ${event.phase} ${event.snapshot}` : "none";
    if (key !== this.eventKey) {
      this.eventKey = key;
      fill(this.last, event ? lastEvent(event) : h("p.none", "No event yet"));
    }
    const at = this.last.querySelector("time");
    if (at) retime(at, event.began_ns / 1e6);
  }
}

function lastEvent(event) {
  const thumb = event.snapshot
    ? h("img", { src: eventFile(event.id, "snapshot.jpg"), alt: "", loading: "lazy" })
    : icon("rare");
  const words = h(
    "span.words",
    h("span.what", headline(event)),
    h("span.when", event.phase === "closed" ? "" : "still going on, began ", timeTag(event.began_ns / 1e6)),
  );
  return h("a", { href: `#/event/${event.id}`, "aria-label": `Last event: ${headline(event)}` }, thumb, words);
}
