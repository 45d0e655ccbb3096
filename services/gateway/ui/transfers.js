// What is on its way: a row for each upload and download, with its progress and a way to stop it.
import { button, h, say } from "./dom.js";
import { bytes } from "./format.js";

const panel = document.getElementById("transfers");
const list = h("ul", {});
let under_way = 0;

// So many run at a time; the others wait for one to end, first come, first served.
const AT_A_TIME = 2;
let running = 0;
const waiting = [];

async function takePlace() {
  if (running++ >= AT_A_TIME) await new Promise((resolve) => waiting.push(resolve));
}

function leavePlace() {
  running--;
  waiting.shift()?.();
}

panel.append(h("div", { class: "transfers-head" }, h("h2", {}, "Transfers"), button("Clear", clear, { title: "Takes away what has ended" })), list);

function clear() {
  for (const row of [...list.children]) if (row.dataset.state !== "running") row.remove();
  panel.hidden = list.children.length === 0;
}

// Leaving the page would break off what is under way.
window.addEventListener("beforeunload", (event) => {
  if (under_way > 0) event.preventDefault();
});

function rate(loaded, since) {
  const seconds = (performance.now() - since) / 1000;
  return seconds < 0.5 ? "" : `, ${bytes(Math.round(loaded / seconds))}/s`;
}

/**
 * Runs `run(onprogress, signal)` as a row of the panel. `verb`: "Upload"; `size` in bytes. Resolves with true if it succeeded; what went
 * wrong stands in its row.
 */
export async function transfer(verb, name, size, run) {
  const stopper = new AbortController();
  let began = 0;
  const bar = h("progress", { max: Math.max(size, 1), value: 0, "aria-label": `${verb} of ${name}` });
  const state = h("span", { class: "transfer-state" }, "waiting");
  const stop = button("Stop", () => {
    state.textContent = "stopping";
    stopper.abort();
  });
  const row = h("li", { "data-state": "running", "data-name": name },
    h("div", { class: "transfer-name" }, h("span", { class: "verb" }, verb), " ", h("span", { class: "name" }, name)), bar,
    h("div", { class: "transfer-foot" }, state, stop));
  list.prepend(row);
  panel.hidden = false;
  under_way++;
  const end = (how, text) => {
    under_way--;
    row.dataset.state = how;
    state.textContent = text;
    stop.remove();
    say(`${verb} of ${name}: ${text}`);
    return how === "done";
  };
  const onprogress = (loaded) => {
    bar.value = loaded;
    const share = size > 0 ? Math.floor((100 * loaded) / size) : 100;
    state.textContent = `${share} %, ${bytes(loaded)} of ${bytes(size)}${rate(loaded, began)}`;
  };
  await takePlace();
  try {
    stopper.signal.throwIfAborted();
    began = performance.now();
    const note = await run(onprogress, stopper.signal);
    bar.value = bar.max;
    return end("done", typeof note === "string" && note ? note : `done, ${bytes(size)}${rate(size, began)}`);
  } catch (trouble) {
    if (trouble.name === "AbortError") return end("stopped", "stopped; nothing was kept");
    return end("failed", trouble.message);
  } finally {
    leavePlace();
  }
}
