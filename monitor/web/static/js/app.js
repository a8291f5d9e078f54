// The way from an address to a page, and from nobody to somebody. Each page is a function in pages/ that fills `root`
// until its signal says that it is left.

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { listen } from "./keys.js";
import * as live from "./live.js";
import { Shell } from "./shell.js";
import { cameraPage } from "./pages/camera.js";
import { eventPage } from "./pages/event.js";
import { eventsPage } from "./pages/events.js";
import { loginPage } from "./pages/login.js";
import { systemPage } from "./pages/system.js";
import { wallPage } from "./pages/wall.js";

const PAGES = {
  wall: wallPage,
  camera: cameraPage,
  events: eventsPage,
  event: eventPage,
  system: systemPage,
  login: loginPage,
};
const shell = new Shell(leave);
let who = null;
let left = new AbortController();
let wanted = "#/wall";

/** "#/events/x?camera=gate" → {name: "events", part: "x", query}. */
function place() {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, part] = path.split("/");
  return {
    name: Object.hasOwn(PAGES, name) ? name : "wall",
    part: decoded(part ?? ""),
    query: new URLSearchParams(search),
  };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody's own typing; no camera has this name
  }
}

function show() {
  const at = place();
  if (at.name !== "login") wanted = location.hash || "#/wall";
  if (at.name !== "login" && !who?.user) return toLogin();
  left.abort();
  left = new AbortController();
  const root = h("div", { class: `page page-${at.name}` });
  shell.show(at.name, root, who);
  const context = { ...at, who, signal: left.signal, onLogin, title: (text) => shell.title(text) };
  Promise.resolve(PAGES[at.name](root, context)).catch((error) => fault(root, error));
  return undefined;
}

function fault(root, error) {
  if (error.name === "AbortError" || error.status === 401) return;
  const again = h("button", { type: "button", onclick: show }, "Try again");
  fill(root, h("section.empty", h("h1", error.message), error.remedy && h("p", error.remedy), again));
  if (!(error instanceof api.ApiError)) console.error(error);
}

function toLogin() {
  live.stop();
  who = null;
  if (place().name === "login") show();
  else location.hash = "#/login";
}

async function onLogin() {
  who = await api.me();
  live.start(stillIn);
  location.hash = wanted; // another than now, so that it is shown
}

async function leave() {
  await api.logout();
  toLogin();
}

/** Whether it is worth trying the stream again. */
async function stillIn() {
  const found = await api.me().catch(() => null);
  if (found && !found.user) toLogin();
  return Boolean(found?.user);
}

async function begin() {
  document.body.append(shell.element);
  listen();
  api.onLoggedOut(toLogin);
  try {
    who = await api.me();
  } catch (error) {
    fault(shell.main, error);
    setTimeout(() => location.reload(), 5000);
    return;
  }
  addEventListener("hashchange", show);
  if (who.user) live.start(stillIn);
  show();
}

begin();
