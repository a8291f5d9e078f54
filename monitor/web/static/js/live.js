// What is going on, as the server tells it: one stream for all pages. Draws nothing.
//
// The server's clock is the only one that counts: `now()` is its wall time, carried on by ours between two messages.

import { streamUrl } from "./api.js";

// The server tells something once a second; a silence of so long is a connection that is gone.
const SILENCE_MS = 8000;
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
// A page nobody looks at gives its connection back: browsers have few for one server.
const HIDDEN_MS = 30000;
// Seconds of scores kept for the small charts.
const KEPT_S = 240;

const listeners = { overview: new Set(), event: new Set(), connection: new Set() };
let source = null;
let overview = null;
let arrivedMs = 0;
let connected = null; // not known before the first attempt has ended
let attempt = 0;
let timer = 0;
let hiddenTimer = 0;
let checkLogin = async () => true;
const trails = new Map();

/** Call `listener` with each overview, event or change of the connection, until `signal`; at once with what is known. */
export function on(kind, listener, signal) {
  listeners[kind].add(listener);
  signal?.addEventListener("abort", () => listeners[kind].delete(listener));
  if (kind === "overview" && overview) listener(overview);
  if (kind === "connection") listener(connection());
}

/** `lost`: what is shown is old; `since`: of which moment it is, wall milliseconds, null if nothing ever came. */
export function connection() {
  return { lost: connected === false, known: connected !== null, since: overview ? overview.made_ns / 1e6 : null };
}

/** The newest overview, or null. */
export const newest = () => overview;

/** The server's wall time in milliseconds; ours before it told of its own. */
export function now() {
  return overview && connected ? overview.made_ns / 1e6 + (performance.now() - arrivedMs) : Date.now();
}

/** The last minutes of one camera: [{ms, score, limit, known}], oldest first. */
export const trail = (camera) => trails.get(camera) ?? [];

/** Begin. `check` asks whether we are still logged in when a connection is refused. */
export function start(check) {
  checkLogin = check;
  document.addEventListener("visibilitychange", onVisibility);
  open();
}

/** End, e.g. because nobody is logged in; forgets everything. */
export function stop() {
  document.removeEventListener("visibilitychange", onVisibility);
  close();
  overview = null;
  connected = null;
  trails.clear();
}

function open() {
  close();
  source = new EventSource(streamUrl);
  source.addEventListener("overview", (message) => onOverview(JSON.parse(message.data)));
  source.addEventListener("event", (message) => tell("event", JSON.parse(message.data)));
  source.addEventListener("error", () => lose());
  watch();
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function watch() {
  clearTimeout(timer);
  timer = setTimeout(() => lose(), SILENCE_MS);
}

function onOverview(told) {
  if (told.made_ns === overview?.made_ns) return; // a server that answers and no longer looks has no news
  overview = told;
  arrivedMs = performance.now();
  attempt = 0;
  for (const camera of told.cameras) remember(camera, told.made_ns / 1e6);
  setConnected(true);
  tell("overview", told);
  watch();
}

function remember(camera, ms) {
  const kept = trail(camera.camera).filter((point) => point.ms > ms - KEPT_S * 1000 && point.ms < ms);
  kept.push({
    ms,
    score: camera.score,
    limit: camera.limit,
    known: camera.verdict !== null && camera.verdict !== "unknown",
  });
  trails.set(camera.camera, kept);
}

function lose() {
  close();
  setConnected(false);
  const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
  attempt += 1;
  timer = setTimeout(async () => {
    // A refused stream says nothing of why; the question of who we are does.
    if (document.visibilityState === "visible" && (await checkLogin())) open();
    else lose();
  }, wait);
}

function setConnected(is) {
  if (connected === is) return;
  connected = is;
  tell("connection", connection());
}

function onVisibility() {
  clearTimeout(hiddenTimer);
  if (document.visibilityState === "hidden") {
    hiddenTimer = setTimeout(() => {
      close();
      setConnected(false);
    }, HIDDEN_MS);
  } else if (source === null) {
    attempt = 0;
    open();
  }
}

function tell(kind, value) {
  for (const listener of [...listeners[kind]]) listener(value);
}
