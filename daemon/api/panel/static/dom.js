// Makes elements: h("p", {class: "note"}, "text", child). Text is only ever set as text.

export const $ = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

let cleared = 0;

// Tells people who listen to the page instead of seeing it.
export function announce(text) {
  const place = $("announcer");
  place.append(h("p", {}, text));
  clearTimeout(cleared);
  cleared = setTimeout(quiet, 10_000);
}

// Takes back what was told.
export function quiet() {
  $("announcer").replaceChildren();
}
