// Light, dark, or as the system has it; kept in this browser. Draws nothing.

const KEY = "rareframe-theme";
const ORDER = ["auto", "light", "dark"];
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

/** "auto", "light" or "dark": what was chosen. */
export function theme() {
  return document.documentElement.dataset.theme ?? "auto";
}

/** Choose the next one; returns it. */
export function nextTheme() {
  const next = ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It holds until the page is left.
  }
  listeners.forEach((listener) => listener());
  return next;
}

/** Call `listener` whenever colours change, until `signal`. */
export function onTheme(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
}
dark.addEventListener("change", () => listeners.forEach((listener) => listener()));

/** The colour that a token has right now, for what is drawn on a canvas. */
export function colour(token) {
  const probe = document.createElement("i");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Whether movement is unwelcome. */
export function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
