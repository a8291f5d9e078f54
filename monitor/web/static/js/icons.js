// Shapes, so that nothing is told by colour alone. Decoration: the word beside each says the same.

import { svg } from "./dom.js";

// 24 by 24, drawn as lines; a shape of its own for every state.
const PATHS = {
  ordinary: ["M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z", "M8 12.3l2.8 2.8L16 9.5"],
  rare: ["M12 3.5L22 20.5H2z", "M12 10v5", "M12 17.7v.3"],
  learning: ["M6 3h12", "M6 21h12", "M7.5 3v3.5c0 3 9 5.5 9 9.5v5", "M16.5 3v3.5c0 3-9 5.5-9 9.5v5"],
  degraded: ["M12 2.5L21.5 12L12 21.5L2.5 12z", "M12 8v5", "M12 15.7v.3"],
  blind: ["M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z", "M5.8 5.8l12.4 12.4"],
  unknown: [
    "M9 9a3 3 0 1 1 4.2 2.8c-.9.4-1.2 1-1.2 2",
    "M12 17v.3",
    "M12 3h-2M14 3.2l2 .8M18 5.8l1.5 1.7M20.6 9.5l.4 2M21 14l-.8 2M18.6 18l-1.7 1.5M14.5 20.7l-2 .3M9.8 20.8l-1.9-.8M5.9 18.5l-1.5-1.7M3.3 14.5l-.3-2M3.2 10l.8-2M5.5 6l1.6-1.5",
  ],
  ended: ["M5 5h14v14H5z", "M9.5 9.5h5v5h-5z"],
  wall: ["M3 4h8v7H3z", "M13 4h8v7h-8z", "M3 13h8v7H3z", "M13 13h8v7h-8z"],
  events: ["M4 6h16M4 12h16M4 18h10"],
  system: ["M4 5h16v5H4z", "M4 14h16v5H4z", "M7.5 7.5h.1M7.5 16.5h.1"],
  camera: ["M3 7h11v10H3z", "M14 11l7-4v10l-7-4"],
  auto: ["M12 3a9 9 0 1 0 0 18z", "M12 3a9 9 0 0 1 0 18"],
  light: [
    "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8z",
    "M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19",
  ],
  dark: ["M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"],
  leave: ["M10 4H5v16h5", "M15 8l4 4-4 4", "M19 12H9"],
  heat: ["M12 3c1 4 5 5.5 5 10.5a5 5 0 0 1-10 0c0-2.5 1.5-3.5 2-5.5c1.5.8 2 2 2 3c1-2 1.5-4 1-8z"],
  shield: ["M12 3l8 3v6c0 5-4 8-8 9c-4-1-8-4-8-9V6z"],
  play: ["M7 4.5l12 7.5l-12 7.5z"],
  calm: ["M4 12.5l5 5L20 6.5"],
  star: ["M12 3l2.7 5.8l6.3.8l-4.6 4.4l1.2 6.3L12 17.2l-5.6 3.1l1.2-6.3L3 9.6l6.3-.8z"],
  export: ["M12 3v12", "M7.5 10.5L12 15l4.5-4.5", "M4 20h16"],
  held: ["M8 5v14M16 5v14"],
  back: ["M14.5 5l-7 7l7 7"],
  next: ["M9.5 5l7 7l-7 7"],
  close: ["M6 6l12 12M18 6L6 18"],
  help: ["M9 9a3 3 0 1 1 4.2 2.8c-.9.4-1.2 1-1.2 2", "M12 17v.3"],
  full: ["M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"],
  undo: ["M8 5L4 9l4 4", "M4 9h10a5.5 5.5 0 0 1 0 11H9"],
  filter: ["M4 6h16M7 12h10M10 18h4"],
};

/** An icon by name; hidden from those who listen. */
export function icon(name) {
  const paths = (PATHS[name] ?? PATHS.unknown).map((d) => svg("path", { d }));
  return svg("svg", { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" }, ...paths);
}
