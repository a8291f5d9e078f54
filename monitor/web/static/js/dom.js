// Elements, made in one line. Text becomes text: there is no way in here for markup that comes from a name or a note.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `h("a.card.new", {href: "#/wall", onclick: f, hidden: true}, "text", other)`.
 * Children that are null, undefined or false are left out; lists are taken apart.
 */
export function h(spec, ...rest) {
  const [tag, ...classes] = spec.split(".");
  const made = document.createElement(tag || "div");
  if (classes.length) made.className = classes.join(" ");
  const [first] = rest;
  if (first && typeof first === "object" && !(first instanceof Node) && !Array.isArray(first)) {
    setAll(made, rest.shift());
  }
  made.append(...kept(rest));
  return made;
}

/** Give `element` these properties: `on…` listens, `style` is custom properties and styles, others are attributes. */
export function setAll(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") setStyle(element, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, String(value));
  }
}

/** Styles by the object model, which the content security policy allows; `--own` properties too. */
export function setStyle(element, styles) {
  for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, String(value));
}

/** Replace what is in `element`. */
export function fill(element, ...children) {
  element.replaceChildren(...kept(children));
  return element;
}

/** Replace what is in `element`, but not under somebody's hands: its focus or what was opened would be gone. */
export function refill(element, ...children) {
  const held = element.contains(document.activeElement) || element.querySelector("details[open]");
  return held ? element : fill(element, ...children);
}

/** Change a text only if it differs: screen readers and selections are left alone. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

function kept(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}
