// Which address is which view. Addresses are behind "#": #/, #/buckets/NAME[/PREFIX], #/objects/BUCKET/NAME, #/cluster.
import { showBuckets } from "./buckets.js";
import { showCluster } from "./cluster.js";
import { button, h } from "./dom.js";
import { onKeyChange, show as showKey } from "./key.js";
import { showNames } from "./names.js";
import { showObject } from "./object.js";

const main = document.getElementById("main");

/** {view, title, nav, more} of the address; null if there is no such view. */
function route() {
  const parts = location.hash.replace(/^#?\/?/, "").split("/");
  let text;
  try {
    text = parts.map(decodeURIComponent);
  } catch {
    return null;
  }
  if (text[0] === "") return { view: showBuckets, title: "Buckets", nav: "buckets" };
  if (text[0] === "cluster" && text.length === 1) return { view: showCluster, title: "Cluster", nav: "cluster" };
  if (text[0] === "buckets" && text.length <= 3 && text[1]) return { view: showNames, title: text[1], nav: "buckets", more: { bucket: text[1], prefix: text[2] ?? "" } };
  if (text[0] === "objects" && text.length === 3 && text[2]) return { view: showObject, title: text[2], nav: "buckets", more: { bucket: text[1], name: text[2] } };
  return null;
}

const nowhere = (into) => into.append(h("div", { class: "empty" }, h("p", { class: "empty-title" }, "There is nothing at this address"),
  h("p", {}, h("a", { href: "#/" }, "Go to the buckets"))));

function showTrouble(into, trouble) {
  into.replaceChildren(h("div", { class: "empty" }, h("p", { class: "empty-title" }, "This could not be shown"),
    h("p", { class: "trouble", role: "alert" }, trouble.message), button("Try again", () => show(false))));
}

let turn = 0;  // what comes late for a view that was left is dropped

async function show(moved) {
  const mine = ++turn;
  const found = route() ?? { view: nowhere, title: "Not found", nav: "" };
  for (const link of document.querySelectorAll("[data-nav]")) {
    if (link.dataset.nav === found.nav) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${found.title} – PBFS`;
  main.setAttribute("aria-busy", "true");
  const into = h("div", { class: "view" });
  const refresh = () => {
    if (mine === turn) show(false);
  };
  try {
    await found.view(into, { ...found.more, refresh });
  } catch (trouble) {
    showTrouble(into, trouble);
  }
  if (mine !== turn) return;
  main.replaceChildren(into);
  main.removeAttribute("aria-busy");
  if (moved) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

window.addEventListener("hashchange", () => show(true));
document.getElementById("skip").addEventListener("click", () => main.focus());
onKeyChange(() => show(false));
showKey();
show(false);
