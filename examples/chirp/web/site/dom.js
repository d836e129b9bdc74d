// Elements of the page. Data becomes text or a checked attribute, never markup: nothing here reads HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @import { Child } from "../types.js" */
/** @typedef {{ [name: string]: string | number | boolean | null | undefined | ((event: any) => void) }} Attributes */

/**
 * An element. `on…` listens, `true` is an attribute without a value, `false` and `null` are none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Attributes} [attributes] @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else set(element, name, value);
  }
  append(element, children);
  return element;
}

/** @param {Element} element @param {Child[]} children */
function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** @param {Element} element @param {string} name @param {string | number | boolean | null | undefined} value */
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== `${value === true ? "" : value}`) element.setAttribute(name, value === true ? "" : `${value}`);
}

/** Writes a text only where it is another one, so that nothing is read out twice. @param {Node} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Puts other children into an element. @param {Element} element @param {...Child} children */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** An element of the page as it was served. @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

/** @type {Record<string, string[]>} */
const PATHS = {
  heart: ["M12 20.2s-7.6-4.4-9.2-9.1C1.6 7.6 3.8 4.6 7 4.6c2.1 0 3.8 1.1 5 3 1.2-1.9 2.9-3 5-3 3.2 0 5.4 3 4.2 6.5-1.6 4.7-9.2 9.1-9.2 9.1z"],
  seal: ["M12 2.8l2.5 1.9 3.1-.1 1 3 2.6 1.8-1 3 1 3-2.6 1.8-1 3-3.1-.1L12 22l-2.5-1.9-3.1.1-1-3-2.6-1.8 1-3-1-3 2.6-1.8 1-3 3.1.1z", "M8.3 12.4l2.6 2.6 4.9-5.2"],
  tick: ["M5 12.6l4.6 4.6L19 7.4"],
  cross: ["M6 6l12 12", "M18 6L6 18"],
  wait: ["M12 6.6V12l3.4 2", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z"],
  stop: ["M12 7.4v6", "M12 16.6v.1", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z"],
  copy: ["M9 9h10v11H9z", "M15 9V4H5v11h4"],
  feather: ["M20 4c-6-.6-12 3-13.6 9.2L4 20", "M20 4c.5 6.8-3.6 12.3-11.4 12.3", "M9.5 13.5h5"],
};

/** A drawing; what it means stands beside it in words. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" })) svg.setAttribute(key, value);
  for (const d of PATHS[name] ?? []) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** A number from 0 to 359 that a user has always. @param {string} user */
function hue(user) {
  let value = 7;
  for (const letter of user) value = (value * 31 + (letter.codePointAt(0) ?? 0)) % 360_007;
  return value % 360;
}

/** The round sign of a user, with the first letter of the name. @param {string} user @param {string} name @param {string} [size] */
export function avatar(user, name, size = "") {
  const letter = [...name.trim()][0] ?? "?", element = h("span", { class: `avatar ${size}`, "aria-hidden": "true" }, name.startsWith("0x") ? icon("feather") : letter.toUpperCase());
  element.style.setProperty("--hue", `${hue(user)}`);
  return element;
}
