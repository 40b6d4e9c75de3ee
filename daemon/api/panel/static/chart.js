// The last turns, each a bar of its stages, in seconds from the end of the question.

import { $, h, s } from "./dom.js";
import { t } from "./texts.js";

// Each stage ends with a mark of the daemon's timeline.
const STAGES = [
  ["turn_end", "noticing that you have finished"],
  ["transcript", "your words"],
  ["first_sentence", "thinking"],
  ["first_audio", "making the voice"],
  ["first_audible", "sound on its way"],
];
const ROW = 26;
const MOST = 10;

let turns = [];

export function start(connection) {
  connection.addEventListener("hello", ({ detail }) => {
    turns = detail.status.turns;
    draw();
  });
  connection.addEventListener("turn", ({ detail }) => {
    turns = [...turns, detail].slice(-MOST);
    draw();
  });
  document.addEventListener("language", draw);
}

// Seconds that each stage took; a stage without a mark took none.
function stages(turn) {
  let before = 0;
  return STAGES.map(([mark]) => {
    const end = Math.max(before, turn[mark] ?? before);
    const took = end - before;
    before = end;
    return took;
  });
}

const seconds = (value) => t("{value} s", { value: value.toFixed(2) });

function draw() {
  if (!turns.length) {
    $("chart").replaceChildren(h("p", { class: "note" }, t("Nothing has been asked yet.")));
    return;
  }
  const newest = [...turns].reverse();
  const longest = Math.max(1, ...newest.map((turn) => turn.first_audible));
  const scale = 480 / longest;
  const picture = s("svg", {
    viewBox: `0 0 600 ${newest.length * ROW}`, class: "bars", role: "img",
    "aria-label": t("Seconds to the first sound, newest first: {list}", {
      list: newest.map((turn) => seconds(turn.first_audible)).join(", "),
    }),
  });
  newest.forEach((turn, row) => {
    let x = 0;
    stages(turn).forEach((took, stage) => {
      const width = took * scale;
      if (width > 0.3) {
        picture.append(s("rect", {
          x, y: row * ROW + 4, width, height: ROW - 10, class: `stage-${stage}`,
        }, s("title", {}, `${t(STAGES[stage][1])}: ${seconds(took)}`)));
      }
      x += width;
    });
    picture.append(s("text", { x: x + 8, y: row * ROW + 17 }, seconds(turn.first_audible)));
  });
  const legend = h("ul", { class: "legend" },
    STAGES.map(([, text], stage) => h("li", { class: `key-${stage}` }, t(text))));
  $("chart").replaceChildren(picture, legend, table(newest));
}

function table(newest) {
  const open = $("chart").querySelector("details")?.open ?? false;
  return h("details", { open },
    h("summary", {}, t("As a table, in seconds")),
    h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": t("Table of the last turns") },
      h("table", {},
        h("thead", {}, h("tr", {}, STAGES.map(([, text]) => h("th", { scope: "col" }, t(text))),
          h("th", { scope: "col" }, t("altogether")))),
        h("tbody", {}, newest.map((turn) => h("tr", {},
          stages(turn).map((took) => h("td", {}, took.toFixed(2))),
          h("td", {}, turn.first_audible.toFixed(2))))))));
}
