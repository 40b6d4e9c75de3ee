// Which page is shown: the address tells, so that going back and links work as anywhere.

import { $ } from "./dom.js";

const PAGES = ["talk", "timers", "choices", "memory", "models", "health"];

export function start() {
  addEventListener("hashchange", show);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    location.hash = "talk";
    show();
    $("question").focus();
  });
  show();
}

function show() {
  const wanted = location.hash.slice(1);
  const page = PAGES.includes(wanted) ? wanted : PAGES[0];
  document.body.dataset.page = page;
  for (const name of PAGES) {
    $(`page-${name}`).hidden = name !== page;
    if (name === page) $(`tab-${name}`).setAttribute("aria-current", "page");
    else $(`tab-${name}`).removeAttribute("aria-current");
  }
  scrollTo(0, 0);
  document.dispatchEvent(new CustomEvent("page", { detail: page }));
}
