// One event, so that a person can answer it within ten seconds: see it, read why, say what it was.

import * as api from "../api.js";
import { answerButtons, mayChange } from "../answers.js";
import { fill, h } from "../dom.js";
import { eventTags } from "../event_card.js";
import { showFacts, showNormals, showReasons } from "../facts.js";
import { icon } from "../icons.js";
import { pageKeys } from "../keys.js";
import * as live from "../live.js";
import { Media } from "../media.js";
import { beside } from "../order.js";
import { complain } from "../toast.js";
import { absolute, day, moment, second } from "../time.js";
import { headline, kindOf, ofWhom } from "../words.js";

const BACK = { key: "Escape", shown: "Esc", what: "all events", act: () => (location.hash = "#/events") };

export async function eventPage(root, { part: id, who, signal, title }) {
  pageKeys([BACK], signal); // also while it is fetched
  let shown = await api.event(id, signal);
  const head = h("div.event-head");
  const cards = { reasons: h("section.card.reasons"), facts: h("section.card.facts") };
  const normals = h("section.card.normals");
  const media = new Media(shown);
  const answers = answerCard(() => shown, who, show);
  const steps = stepLinks(id);
  fill(
    root,
    h(
      "div.heading",
      head,
      h("div.actions", h("a.button", { href: "#/events" }, "All events"), steps.newer, steps.older),
    ),
    h(
      "div.event-page",
      h("div.left", media.element, normals),
      h("div.right", answers.element, cards.reasons, cards.facts),
    ),
  );

  function show(event) {
    shown = { ...shown, ...event };
    title(`${ofWhom(shown)}, ${moment(shown.began_ns / 1e6)}`);
    fill(head, h("h1", headline(shown)), h("p.sub", where(shown), eventTags(shown)));
    showReasons(cards.reasons, shown, media);
    showFacts(cards.facts, shown);
    showNormals(normals, shown);
    media.show(shown);
    media.element.hidden = kindOf(shown) !== "anomaly";
    answers.buttons.show();
  }
  show(shown);
  live.on("event", (event) => event.id === id && show(event), signal);
  pageKeys(keys(steps, answers.buttons, media), signal);
}

function keys(steps, buttons, media) {
  // What is not on the page does nothing.
  const press = (element) => () => element.isConnected && !element.hidden && element.click();
  return [
    { key: "j", what: "older event", act: press(steps.older) },
    { key: "k", what: "newer event", act: press(steps.newer) },
    { key: "n", what: "normal here", act: press(buttons.normal) },
    { key: "u", what: "really unusual", act: press(buttons.unusual) },
    { key: "p", what: "protect, or no longer", act: press(buttons.keep) },
    { key: "o", what: "next kind of picture", act: () => media.step() },
    BACK,
  ];
}

function answerCard(event, who, changed) {
  const note = h("input", {
    type: "text",
    maxlength: 200,
    placeholder: "Why? (optional)",
    "aria-label": "A note to go with it",
    disabled: !mayChange(who),
  });
  const buttons = answerButtons({ event, note: () => note.value.trim(), who, changed });
  const question = kindOf(event()) === "anomaly" && [h("h2", "What was it?"), buttons.normal, buttons.unusual, note];
  return { buttons, element: h("section.card.answers", question, buttons.keep, exportLink(event().id)) };
}

/** Saves the bundle, or says that there is none: of older events it is not kept. */
function exportLink(id) {
  const href = api.eventFile(id, "bundle");
  const title = "Frames, scores and settings, to look into or to replay";
  let there = false;
  const link = h("a.button", { href, download: `${id}.zip`, title, onclick: check }, icon("export"), "Export");

  async function check(click) {
    if (there) return;
    click.preventDefault();
    try {
      await api.hasFile(id, "bundle");
      there = true;
      link.click();
    } catch (error) {
      const none = new api.ApiError(404, "No bundle was kept of this event.", "Its pictures can be saved one by one.");
      complain(error.status === 404 ? none : error);
    }
  }
  return link;
}

/** To the events listed before and after this one; hidden where there is none. */
function stepLinks(id) {
  const link = (by, shape, label) => {
    const to = beside(id, by);
    return h(
      "a.button",
      { href: `#/event/${to}`, hidden: to === null, "aria-label": label, title: label },
      icon(shape),
    );
  };
  return { newer: link(-1, "back", "Newer event (k)"), older: link(1, "next", "Older event (j)") };
}

function where(event) {
  const ms = event.began_ns / 1e6;
  const camera = event.camera
    ? h("a", { href: `#/camera/${encodeURIComponent(event.camera)}` }, event.camera)
    : ofWhom(event);
  return h(
    "span",
    camera,
    ", ",
    h("time", { datetime: new Date(ms).toISOString(), title: absolute(ms) }, `${day(ms)}, ${second(ms)}`),
  );
}
