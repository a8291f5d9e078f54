// What stands round every page: where to go, how everything is, whether what is seen is of now. Knows no page's content.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { showHelp } from "./keys.js";
import * as live from "./live.js";
import { nextTheme, theme } from "./look.js";
import { hour, moment, timeTag } from "./time.js";
import { toastHost, complain } from "./toast.js";
import { sentence } from "./words.js";

const TABS = [
  ["wall", "Wall"],
  ["events", "Events"],
  ["system", "System"],
];
const THEMES = { auto: "as the system", light: "light", dark: "dark" };

export class Shell {
  /** `leave` logs out. */
  constructor(leave) {
    this.leave = leave;
    this.main = h("main", { id: "main", tabindex: "-1" });
    this.tabs = TABS.map(([name, word]) =>
      h("a", { href: `#/${name}`, "data-page": name }, icon(name), h("span", word)),
    );
    this.health = h("a.health", { href: "#/system" });
    this.look = h("button.bare", { type: "button", onclick: () => this.#turn() });
    this.help = h("button.bare.wide-only", {
      type: "button",
      "aria-label": "Keyboard",
      title: "Keyboard (?)",
      onclick: showHelp,
    });
    this.help.append(icon("help"));
    this.user = h("span.user");
    this.banner = h("div.banner", { role: "alert", hidden: true });
    this.troubles = h("div.troubles");
    this.nav = h("nav", { "aria-label": "Pages" }, this.tabs);
    this.element = h(
      "div.shell",
      h(
        "a.skip",
        { href: "#main", onclick: (click) => (click.preventDefault(), this.main.focus()) },
        "Skip to content",
      ),
      h("header.bar", brand(), this.nav, h("div.tools", this.health, this.look, this.help, this.user)),
      this.banner,
      this.troubles,
      this.main,
      toastHost(),
    );
    this.named = "";
    this.#showLook();
    live.on("overview", (overview) => this.#onOverview(overview));
    live.on("connection", (connection) => this.#onConnection(connection));
  }

  /** Show a page. */
  show(name, root, who) {
    const first = this.main.childElementCount === 0;
    const outside = name === "login";
    this.element.classList.toggle("outside", outside);
    this.element.dataset.page = name;
    const tab = { camera: "wall", event: "events" }[name] ?? name;
    for (const each of this.tabs) {
      if (each.dataset.page === tab) each.setAttribute("aria-current", "page");
      else each.removeAttribute("aria-current");
    }
    fill(this.user, who?.login_required && !outside && this.#userTools(who));
    this.title(TABS.find(([each]) => each === name)?.[1] ?? "");
    fill(this.main, root);
    scrollTo(0, 0);
    if (!first) this.main.focus({ preventScroll: true });
  }

  /** What the browser's tab says, beside what is rare now. */
  title(text) {
    this.named = text;
    const rare = live.newest()?.cameras.filter((camera) => camera.open_event).length ?? 0;
    document.title = `${rare ? `(${rare} rare now) ` : ""}${text ? `${text} – ` : ""}rareframe`;
  }

  #userTools(who) {
    const out = () => this.leave().catch(complain);
    const label = `Log out ${who.user} (${who.role})`;
    return [
      h("span.name", { title: `Role: ${who.role}` }, who.user),
      h("button.bare", { type: "button", "aria-label": label, title: label, onclick: out }, icon("leave")),
    ];
  }

  #turn() {
    nextTheme();
    this.#showLook();
  }

  #showLook() {
    const label = `Colours: ${THEMES[theme()]}`;
    fill(this.look, icon(theme()));
    this.look.setAttribute("aria-label", label);
    this.look.title = label;
  }

  #onOverview({ health }) {
    const count = health.troubles.length;
    const tone =
      health.status === "starting"
        ? "learn"
        : count === 0 && health.can_alert
          ? "ok"
          : health.can_alert
            ? "warn"
            : "rare";
    const word =
      health.status === "starting"
        ? "Starting"
        : count === 0
          ? "All well"
          : `${count} ${count === 1 ? "thing" : "things"} wrong`;
    this.#showHealth(tone, word);
    const key = JSON.stringify(health.troubles);
    if (key !== this.shown) {
      this.shown = key;
      fill(this.troubles, health.troubles.map(trouble));
    }
    this.title(this.named);
  }

  #onConnection({ lost, since }) {
    this.element.classList.toggle("lost", lost);
    this.banner.hidden = !lost;
    if (!lost) return;
    const of = since === null ? "nothing was seen yet" : `what you see is from ${hour(since)}`;
    fill(this.banner, icon("unknown"), h("span", `Connection lost: ${of}. It is tried again by itself.`));
    this.#showHealth("plain", "Not known");
  }

  #showHealth(tone, word) {
    const shape = { ok: "ordinary", warn: "degraded", rare: "rare", learn: "learning" }[tone] ?? "unknown";
    if (this.health.dataset.tone === tone && this.health.lastChild?.textContent === word) return;
    this.health.dataset.tone = tone;
    this.health.setAttribute("aria-label", `Health: ${word}`);
    fill(this.health, icon(shape), h("span", word));
  }
}

function brand() {
  return h(
    "a.brand",
    { href: "#/wall", "aria-label": "rareframe: to the wall" },
    h("img", { src: "/static/icon.svg", alt: "", width: 26, height: 26 }),
    h("span", "rareframe"),
  );
}

function trouble(each) {
  const where = each.where ? `${each.kind} ${each.where}` : each.kind;
  const said = h(
    "p",
    h("strong", where),
    ": ",
    each.what,
    " ",
    h("span.since", "since ", timeTag(each.since_ns / 1e6, moment)),
  );
  return h("div.trouble", icon("degraded"), h("div", said, each.remedy && h("p.remedy", sentence(each.remedy))));
}
