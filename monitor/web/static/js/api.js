// Everything that is asked of the server, in one place. Shows nothing.

const BASE = "/api/v1";
let csrf = "open";
let loggedOut = () => {};

/** A refusal: `status` 0 means that nobody answered. `message` says what, `remedy` what to do. */
export class ApiError extends Error {
  constructor(status, what, remedy) {
    super(what);
    this.status = status;
    this.remedy = remedy;
  }
}

/** Call `listener` when the server wants a login that is not there (any more). */
export function onLoggedOut(listener) {
  loggedOut = listener;
}

async function ask(method, path, { body, query, signal } = {}) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server does not answer.", "Is rareframe running? It is tried again.");
  }
  const told = await answer.json().catch(() => null);
  if (answer.ok) return told;
  if (answer.status === 401 && path !== "/login") loggedOut();
  throw new ApiError(
    answer.status,
    told?.error?.what ?? `The server answered ${answer.status}.`,
    told?.error?.do ?? "",
  );
}

const part = encodeURIComponent;
const get = (path, query, signal) => ask("GET", path, { query, signal });

/** Who asks; also takes the token that changes need. */
export async function me() {
  const found = await get("/me");
  csrf = found.csrf ?? "open";
  return found;
}

export async function login(user, password) {
  const found = await ask("POST", "/login", { body: { user, password } });
  csrf = found.csrf;
  return found;
}

export const logout = () => ask("POST", "/logout", {});
export const history = (camera, since, until, signal) =>
  get(`/cameras/${part(camera)}/history`, { since, until }, signal);
export const learned = (camera, signal) => get(`/cameras/${part(camera)}/learned`, {}, signal);
export const events = (query, signal) => get("/events", query, signal);
export const event = (id, signal) => get(`/events/${part(id)}`, {}, signal);
export const system = (signal) => get("/system", {}, signal);
export const audit = (signal) => get("/audit", {}, signal);
export const feedbacks = (camera, signal) => get("/feedback", { camera }, signal);
export const setBudget = (camera, alertsPerDay) =>
  ask("PUT", `/cameras/${part(camera)}/budget`, { body: { alerts_per_day: alertsPerDay } });
export const give = (id, kind, note) => ask("POST", `/events/${part(id)}/feedback`, { body: { kind, note } });
export const undo = (id) => ask("POST", `/feedback/${part(id)}/undo`, {});
export const protect = (id, on) => ask("PUT", `/events/${part(id)}/protected`, { body: { protected: on } });
export const resend = (sink) => ask("POST", `/sinks/${part(sink)}/resend`, {});

/** Raises an `ApiError` of status 404 if there is no such file of an event. */
export const hasFile = (id, name) => ask("HEAD", `/events/${part(id)}/${name}`);

/** Where the stream is. */
export const streamUrl = `${BASE}/stream`;
/** A camera's newest picture; `stamp` makes the address new, so that it is fetched. */
export const pictureUrl = (camera, stamp, heatmap) =>
  `${BASE}/cameras/${part(camera)}/picture.jpg?${heatmap ? "heatmap=1&" : ""}t=${stamp}`;
/** A file of an event: "snapshot.jpg", "overlay.jpg", "full.jpg", "clip.mp4", "normal-1.jpg", "bundle". */
export const eventFile = (id, name) => `${BASE}/events/${part(id)}/${name}`;
