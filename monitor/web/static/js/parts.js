// Small pieces that several pages show: a state's badge, the level of a score, what is left of a budget.

import { fill, h, say, setStyle, svg } from "./dom.js";
import { icon } from "./icons.js";
import { figure } from "./words.js";

/** How a camera stands, as a word with its shape; `show(standing)` changes it. */
export class Badge {
  constructor() {
    this.element = h("span.badge");
    this.key = "";
  }

  show({ key, word, tone }) {
    if (this.key === key) return;
    this.key = key;
    this.element.dataset.tone = tone;
    fill(this.element, icon(key), h("span", word));
  }
}

/** A word with a tone. */
export function tag(tone, shape, word, title) {
  return h("span.tag", { "data-tone": tone, title }, shape && icon(shape), h("span", word));
}

/** A score beside its limit: the limit stands at three fifths of the width. */
export class Level {
  constructor() {
    this.bar = h("i.bar");
    this.text = h("span.text");
    this.element = h("div.level", h("div.track", this.bar, h("i.limit")), this.text);
  }

  show(score, limit) {
    const known = score !== null && limit !== null;
    this.element.classList.toggle("unknown", !known);
    this.element.classList.toggle("over", known && score > limit);
    setStyle(this.bar, { "--share": known ? Math.min(1, (0.6 * score) / Math.max(limit, 1e-9)) : 0 });
    say(
      this.text,
      known
        ? `score ${figure(score)}, limit ${figure(limit)}`
        : score === null
          ? "no score yet"
          : `score ${figure(score)}, no limit yet`,
    );
  }
}

/** Alerts of the last 24 hours beside about how many are wanted. */
export class Budget {
  constructor() {
    this.dots = h("span.dots", { "aria-hidden": "true" });
    this.text = h("span.text");
    this.element = h("div.budget", this.dots, this.text);
  }

  show({ told_24h: told, held_24h: held, alerts_per_day: wanted }) {
    const key = `${told} ${held} ${wanted}`;
    if (this.key === key) return;
    this.key = key;
    const of = wanted === null ? "" : ` of about ${Number(wanted.toPrecision(3))}`;
    say(this.text, `${told}${of} ${told === 1 && !of ? "alert" : "alerts"} in 24 h${held ? `, ${held} held` : ""}`);
    const places = wanted === null ? 0 : Math.max(Math.ceil(wanted), Math.min(told, 12));
    this.dots.classList.toggle("over", wanted !== null && told > wanted);
    fill(this.dots, places <= 12 && Array.from({ length: places }, (_, n) => h(n < told ? "i.used" : "i")));
  }
}

const SPARK_LEAST_MS = 300000;
const SPARK_MOST_MS = 3600000;

/** Scores of the last hour, or of as much of it as is known, against the limit; gaps where nothing was. */
export class Spark {
  constructor() {
    this.limit = svg("path", { class: "limit" });
    this.score = svg("path", { class: "score" });
    this.element = svg(
      "svg",
      { class: "spark", viewBox: "0 0 240 40", preserveAspectRatio: "none", "aria-hidden": "true" },
      this.limit,
      this.score,
    );
  }

  /** `points`: [{ms, score, limit}], oldest first. */
  show(points, nowMs) {
    const trail = points.filter((point) => point.ms > nowMs - SPARK_MOST_MS);
    const span = Math.max(SPARK_LEAST_MS, nowMs - (trail.find((point) => point.score !== null)?.ms ?? nowMs));
    this.element.classList.toggle(
      "none",
      trail.every((point) => point.score === null),
    );
    const most = Math.max(1e-9, ...trail.map((point) => Math.max(point.score ?? 0, (point.limit ?? 0) * 1.25)));
    const path = (of) => {
      let drawn = "";
      let open = false;
      for (const point of trail) {
        const value = of(point);
        if (value === null) open = false;
        else {
          drawn += `${open ? "L" : "M"}${(240 - (240 * (nowMs - point.ms)) / span).toFixed(1)} ${(39 - (38 * Math.min(value, most)) / most).toFixed(1)}`;
          open = true;
        }
      }
      return drawn;
    };
    this.limit.setAttribute(
      "d",
      path((point) => point.limit),
    );
    this.score.setAttribute(
      "d",
      path((point) => point.score),
    );
  }
}

/** A button that is on or off; `change(on)` is told. */
export function toggle(shape, word, on, change, title) {
  const made = h("button.toggle", { type: "button", "aria-pressed": String(on), title }, icon(shape), h("span", word));
  made.addEventListener("click", () => {
    const next = made.getAttribute("aria-pressed") !== "true";
    made.setAttribute("aria-pressed", String(next));
    change(next);
  });
  return made;
}

/** A page's or a part's place while there is nothing to show, which says why. */
export function empty(title, ...words) {
  return h(
    "section.empty",
    h("h2", title),
    words.filter(Boolean).map((each) => (each instanceof Node ? each : h("p", each))),
  );
}
