// All events, newest first, as far back as one scrolls.

import * as api from "../api.js";
import { answer, mayChange, setProtected } from "../answers.js";
import { fill, h, say } from "../dom.js";
import { EventCard } from "../event_card.js";
import { Filters } from "../filters.js";
import { pageKeys } from "../keys.js";
import * as live from "../live.js";
import { remember } from "../order.js";
import { empty, toggle } from "../parts.js";
import { day } from "../time.js";
import { complain } from "../toast.js";
import { STATES, kindOf, sentence } from "../words.js";

const PAGE = 48;
let overlay = false; // kept while the dashboard is open

export function eventsPage(root, context) {
  new EventsPage(root, context).load();
}

class EventsPage {
  constructor(root, { query, who, signal }) {
    this.who = who;
    this.signal = signal;
    this.cards = new Map();
    this.loaded = false;
    this.next = null;
    this.busy = null;
    this.fresh = new Set();
    this.filters = new Filters(query, () => this.load());
    this.list = h("div.events");
    this.news = h("button.news", { type: "button", hidden: true, onclick: () => this.load() });
    this.more = h("button.more", { type: "button", hidden: true, onclick: () => this.#append() }, "Show older events");
    this.heat = toggle("heat", "Heatmap", overlay, (on) => this.#setOverlay(on), "Show where it was unusual (o)");
    fill(
      root,
      h("div.heading", h("h1", "Events"), this.news, h("div.actions", this.heat)),
      this.filters.element,
      this.list,
      this.more,
    );
    this.end = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && this.#append(), {
      rootMargin: "600px",
    });
    signal.addEventListener("abort", () => this.end.disconnect());
    live.on("event", (event) => this.#onEvent(event), signal);
    live.on(
      "overview",
      ({ cameras }) => {
        this.filters.offer(cameras.map((camera) => camera.camera));
        this.#showNone();
      },
      signal,
    );
    pageKeys(this.#keys(), signal);
  }

  /** The first page of what is wanted. */
  async load() {
    if (this.signal.aborted) return;
    this.busy?.abort();
    this.busy = null;
    this.fresh.clear();
    this.#showNews();
    history.replaceState(null, "", `#/events${this.filters.active ? `?${this.filters.address()}` : ""}`);
    const found = await this.#fetch(null);
    if (!found) return;
    this.cards.clear();
    fill(this.list);
    this.lastDay = "";
    this.#show(found);
    this.loaded = true;
    this.#showNone();
  }

  /** Why there is nothing, as things are now. */
  #showNone() {
    if (!this.loaded || this.cards.size > 0) return;
    if (!this.filters.active) fill(this.list, noEvents());
    else if (!this.list.hasChildNodes())
      fill(
        this.list,
        nothingFound(() => this.filters.clear(() => this.load())),
      );
  }

  async #append() {
    if (this.next === null || this.busy) return;
    const found = await this.#fetch(this.next);
    if (found) this.#show(found);
  }

  async #fetch(cursor) {
    const asking = new AbortController();
    this.busy = asking;
    try {
      return await api.events(
        { ...this.filters.query(), limit: PAGE, cursor },
        AbortSignal.any([asking.signal, this.signal]),
      );
    } catch (error) {
      complain(error);
      return null;
    } finally {
      if (this.busy === asking) this.busy = null;
    }
  }

  #show({ events: found, next }) {
    for (const event of found) {
      const on = day(event.began_ns / 1e6);
      if (on !== this.lastDay) this.list.append(h("h2.day", on));
      this.lastDay = on;
      const card = new EventCard(event, overlay);
      this.cards.set(event.id, card);
      this.list.append(card.element);
    }
    this.next = next;
    this.more.hidden = next === null;
    this.end.unobserve(this.more); // or one that is still in sight would not be told again
    this.end.observe(this.more);
    remember([...this.cards.keys()]);
  }

  #onEvent(event) {
    const card = this.cards.get(event.id);
    if (card) card.show(event, overlay);
    else if (!event.shadow) this.fresh.add(event.id);
    this.#showNews();
  }

  #showNews() {
    this.news.hidden = this.fresh.size === 0;
    say(this.news, `${this.fresh.size} new: show`);
  }

  #setOverlay(on) {
    overlay = on;
    for (const card of this.cards.values()) card.show(card.event, on);
  }

  #keys() {
    const chosen = () => this.cards.get(document.activeElement?.dataset?.id);
    const step = (by) => {
      const all = [...this.cards.values()].map((card) => card.element);
      const at = all.indexOf(document.activeElement);
      const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
      next?.focus();
      next?.scrollIntoView({ block: "nearest" });
    };
    const changed = (event) => this.cards.get(event.id)?.show(event, overlay);
    const tell = (kind) => () =>
      isAnomaly(chosen()) && mayChange(this.who) && answer(chosen().event, kind, "", changed);
    const keep = () =>
      chosen() && mayChange(this.who) && setProtected(chosen().event, !chosen().event.protected, changed);
    return [
      { key: "j", what: "next event", act: () => step(1) },
      { key: "k", what: "event before", act: () => step(-1) },
      { key: "Enter", what: "open it", act: null },
      { key: "n", what: "normal here", act: tell("normal") },
      { key: "u", what: "really unusual", act: tell("unusual") },
      { key: "p", what: "protect, or no longer", act: keep },
      { key: "o", what: "heatmap on or off", act: () => this.heat.click() },
      { key: "/", what: "search", act: () => ((this.filters.element.open = true), this.filters.inputs.q.focus()) },
    ];
  }
}

const isAnomaly = (card) => Boolean(card) && kindOf(card.event) === "anomaly";

function nothingFound(clear) {
  return empty(
    "No event is like that",
    "None of the stored events fits these filters.",
    h("button", { type: "button", onclick: clear }, "Clear the filters"),
  );
}

function noEvents() {
  const cameras = live.newest()?.cameras ?? [];
  const doing = cameras.map((camera) =>
    h(
      "li",
      h("strong", camera.camera),
      `: ${STATES[camera.state] ?? camera.state}. ${sentence(camera.reason || "nothing unusual so far")}`,
    ),
  );
  return empty(
    "No events yet",
    "An event is stored when something happens that is rarer than this camera's ordinary life. Until a camera has learned what is ordinary, nothing is judged.",
    doing.length ? h("ul.doing", doing) : null,
  );
}
