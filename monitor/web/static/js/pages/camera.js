// One camera: how it is, how it was, what it knows, and how often it may call.

import * as api from "../api.js";
import { fill, h, say } from "../dom.js";
import { Detectors } from "../detectors.js";
import { coverage, stretches, whole } from "../history.js";
import { Learned, budgetCard } from "../learned.js";
import { pageKeys } from "../keys.js";
import * as live from "../live.js";
import { Badge, Budget, Level, empty, toggle } from "../parts.js";
import { LivePicture } from "../picture.js";
import { Plot } from "../plot.js";
import { midnight, moment, span, timeTag } from "../time.js";
import { complain } from "../toast.js";
import { STATES, STATE_HELP, rarity, standing } from "../words.js";

const RANGES = [
  ["1 h", 1],
  ["6 h", 6],
  ["24 h", 24],
  ["7 days", 168],
];
const REFRESH_MS = 60000;
const SOON_MS = 3000;
let hours = 6; // kept while the dashboard is open

export async function cameraPage(root, { part: name, who, signal, title }) {
  title(name);
  const now = new Now(name, signal);
  const past = new Past(name, signal);
  const learned = new Learned(name, who, signal);
  const budget = h("section.card.budgeting");
  const others = h("a.button", { href: `#/events?camera=${encodeURIComponent(name)}` }, "Its events");
  fill(
    root,
    h("div.heading", h("h1", name), now.badge.element, now.why, h("div.actions", now.heat, others)),
    h("div.camera-top", now.element, h("div.stack", budget, past.today)),
    past.element,
    h("div.columns", past.detectors.element, past.health),
    learned.element,
  );
  let known = false;
  live.on(
    "overview",
    (overview) => {
      const found = overview.cameras.find((each) => each.camera === name);
      if (!found && !known)
        fill(
          root,
          empty(
            "No such camera",
            `The configuration has no camera "${name}".`,
            h("a.button", { href: "#/wall" }, "To the wall"),
          ),
        );
      if (!found) return;
      if (!known) budgetCard(budget, found, who);
      known = true;
      now.update(found);
      past.detectors.update(found);
    },
    signal,
  );
  live.on("connection", () => known && now.update(live.newest().cameras.find((each) => each.camera === name)), signal);
  live.on("event", (event) => event.camera === name && past.soon(), signal);
  pageKeys([{ key: "h", what: "heatmap on or off", act: () => now.heat.click() }], signal);
  const timer = setInterval(() => past.load(), REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  await Promise.all([past.load(), learned.load()]);
}

class Now {
  constructor(name, signal) {
    this.picture = new LivePicture(name, signal);
    this.heat = toggle("heat", "Heatmap", false, (on) => this.#setHeatmap(on), "Show where it looks unusual (h)");
    this.badge = new Badge();
    this.why = h("p.summary");
    this.level = new Level();
    this.budget = new Budget();
    this.facts = h("p.soft");
    this.element = h(
      "section.card.now",
      this.picture.frame,
      h("div.below", this.level.element, this.budget.element, this.facts),
    );
  }

  update(camera) {
    this.camera = camera;
    const stands = standing(camera, live.connection(), live.now());
    this.badge.show(stands);
    say(this.why, stands.why);
    this.element.dataset.key = stands.key;
    this.picture.update(camera);
    this.level.show(camera.score, camera.limit);
    this.budget.show(camera);
    const rate = camera.fps === null ? "" : `${camera.fps.toFixed(1)} pictures judged a second · `;
    const chance =
      camera.p_value === null || camera.p_value > 0.5
        ? ""
        : `${rarity(camera.p_value, "ordinary moments")} is so strange · `;
    say(
      this.facts,
      `${chance}${rate}${camera.frames.toLocaleString()} pictures, ${camera.dropped.toLocaleString()} dropped`,
    );
  }

  #setHeatmap(on) {
    this.picture.heatmap = on;
    if (this.camera) this.update(this.camera);
  }
}

class Past {
  constructor(name, signal) {
    this.name = name;
    this.signal = signal;
    this.plot = new Plot(signal);
    this.detectors = new Detectors();
    this.health = h("section.card.health-history");
    this.today = h("section.card.today");
    const buttons = RANGES.map(([word, value]) =>
      h(
        "button.quiet",
        {
          type: "button",
          "aria-pressed": String(value === hours),
          onclick: (click) => this.#choose(click.currentTarget, value),
        },
        word,
      ),
    );
    this.ranges = h("div.row", { role: "group", "aria-label": "How far back" }, buttons);
    this.none = h(
      "p.soft",
      { hidden: true },
      "Nothing is known of this time yet: the curve grows by a point each minute.",
    );
    this.element = h(
      "section.card.past",
      h("header", h("h2", "Score against limit"), h("div.aside", this.ranges)),
      this.none,
      this.plot.element,
      h("p.hint", "Drag to look closer, double-click to go back. Marks above are events."),
    );
  }

  /** An event that goes on tells often. */
  soon() {
    this.waiting ??= setTimeout(() => ((this.waiting = null), this.load()), SOON_MS);
  }

  async load() {
    if (this.signal.aborted) return;
    const toS = Math.ceil(live.now() / 1000);
    const fromS = toS - hours * 3600;
    const dayS = midnight(live.now()) / 1000;
    try {
      const told = await api.history(this.name, Math.min(fromS, dayS), toS, this.signal);
      const minutes = whole(told);
      const first = minutes.s[0] ?? toS - 60;
      this.none.hidden = minutes.s.length > 0;
      this.plot.show(minutes, told.events ?? [], Math.max(fromS, Math.min(first, toS - 600)), toS);
      this.detectors.past(minutes, fromS);
      showToday(this.today, coverage(minutes, dayS, toS));
      showHealth(this.health, stretches(minutes));
    } catch (error) {
      complain(error);
    }
  }

  #choose(pressed, value) {
    hours = value;
    for (const button of this.ranges.children) button.setAttribute("aria-pressed", String(button === pressed));
    this.load();
  }
}

function showToday(card, { knownS, wholeS, states }) {
  const share = wholeS > 0 ? Math.min(1, knownS / wholeS) : 0;
  const meter = h("meter", { min: 0, max: 1, value: share, "aria-label": "Watched today" });
  const rows = Object.entries(states).map(([state, minutes]) =>
    h("li", h("i.state", { "data-state": state }), `${STATES[state] ?? "Not running"} ${span(minutes * 60)}`),
  );
  fill(
    card,
    h(
      "header",
      h("h2", "Watched today"),
      h("span.aside", `${(100 * share).toFixed(share > 0.995 || share === 0 ? 0 : 1)} %`),
    ),
    meter,
    h("p.soft", `Verdicts for ${span(knownS)} of ${span(wholeS)}; of the rest nothing is known.`),
    h("ul.state-list", rows),
  );
}

function showHealth(card, all) {
  const rows = all
    .slice(-12)
    .reverse()
    .map(({ state, from, to }) => {
      const name = h("td", h("i.state", { "data-state": state }), " ", STATES[state] ?? "Not running");
      return h(
        "tr",
        name,
        h("td", timeTag(from * 1000, moment)),
        h("td.number", span(to - from)),
        h("td.soft", STATE_HELP[state] ?? ""),
      );
    });
  const none = h("p.soft", "Nothing is known yet.");
  const table = h(
    "div.scroll",
    h(
      "table",
      h("thead", h("tr", h("th", "State"), h("th", "From"), h("th.number", "For"), h("th", "Which means"))),
      h("tbody", rows),
    ),
  );
  fill(card, h("header", h("h2", "How it was"), h("span.aside", "newest first")), rows.length ? table : none);
}
