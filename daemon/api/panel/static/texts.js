// The page's words: the English text is the key, zh.js has the Chinese of each.

import { chinese } from "./zh.js";

const KEY = "digital-life-language";
const ATTRIBUTES = { tLabel: "aria-label", tPlaceholder: "placeholder" };

let language = localStorage.getItem(KEY) ?? (navigator.language.startsWith("zh") ? "zh" : "en");

export const current = () => language;

// {name} in a text is replaced by that value.
export function t(text, values = {}) {
  const found = language === "zh" ? (chinese[text] ?? text) : text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function use(wanted) {
  language = wanted;
  localStorage.setItem(KEY, wanted);
  translate();
}

// Translates what the page came with; who made more listens to "language".
export function translate() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-t]")) {
    element.dataset.t ||= element.textContent.trim();
    element.textContent = t(element.dataset.t);
  }
  for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
    const selector = `[data-${name.replace(/[A-Z]/g, (c) => "-" + c.toLowerCase())}]`;
    for (const element of document.querySelectorAll(selector)) {
      element.setAttribute(attribute, t(element.dataset[name]));
    }
  }
  document.dispatchEvent(new CustomEvent("language"));
}

const locale = () => (language === "zh" ? "zh-CN" : "en-GB");

export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });

export const day = (seconds) =>
  new Date(seconds * 1000).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short" });

export const date = (seconds) =>
  new Date(seconds * 1000).toLocaleDateString(locale(), { weekday: "short", day: "numeric", month: "short" });

// Names of weekdays; 0 is Monday.
export function weekdays(numbers) {
  const name = new Intl.DateTimeFormat(locale(), { weekday: "short", timeZone: "UTC" });
  return numbers.map((number) => name.format(Date.UTC(2024, 0, 1 + number))).join(" ");
}

export function size(bytes) {
  const unit = bytes < 1e6 ? ["kilobyte", 1e3] : bytes < 1e9 ? ["megabyte", 1e6] : ["gigabyte", 1e9];
  const style = { style: "unit", unit: unit[0], maximumFractionDigits: unit[1] === 1e9 ? 1 : 0 };
  return new Intl.NumberFormat(locale(), style).format(bytes / unit[1]);
}
