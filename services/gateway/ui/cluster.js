// Whether the site is well: stores, placement groups.
import { ask } from "./api.js";
import { h, table } from "./dom.js";
import { count, plural } from "./format.js";

const STATES = {
  up: ["good", "up"], joining: ["changing", "joining"], suspect: ["bad", "lease late"], down: ["bad", "down"],
  draining: ["changing", "draining"], gone: ["off", "removed"],
};

function badge(state) {
  const [kind, text] = STATES[state] ?? ["off", state];
  return h("span", { class: `badge ${kind}` }, text);
}

/** One sentence that says how things stand, and how bad that is. */
export function verdict({ stores, groups, k, m }) {
  const kept = stores.filter((store) => store.state !== "gone");
  const away = kept.filter((store) => store.state === "down" || store.state === "suspect");
  if (kept.length === 0) return ["bad", "No fragment store has joined yet. Start some: nothing can be written before."];
  if (away.length > m) {
    return ["bad", `${plural(away.length, "store")} of ${kept.length} do not answer. Of objects coded ${k}+${m} some bytes cannot be read until they come back.`];
  }
  if (away.length > 0) {
    return ["changing", `${plural(away.length, "store")} of ${kept.length} ${away.length === 1 ? "does" : "do"} not answer. Objects coded ${k}+${m} are read all the same; ` +
      "what is missing is made again elsewhere if it takes long."];
  }
  if (groups.whole < groups.total) {
    return ["changing", `All ${plural(kept.length, "store")} answer. Data is being moved: ${count(groups.total - groups.whole)} of ${count(groups.total)} placement groups are not in place yet.`];
  }
  return ["good", `All ${plural(kept.length, "store")} answer, and every placement group is in place.`];
}

const fact = (title, text) => h("div", { class: "fact" }, h("dt", {}, title), h("dd", {}, text));

export async function showCluster(into, { refresh }) {
  const cluster = await ask("cluster");
  const [kind, sentence] = verdict(cluster);
  const columns = [{ title: "Store" }, { title: "State" }, { title: "Address" }, { title: "Failure domain" },
    { title: "Weight", number: true }, { title: "Groups", number: true }];
  const rows = cluster.stores.map((store) => [store.id, badge(store.state), h("code", {}, store.address), store.domain || "—", store.weight, count(store.groups)]);
  into.append(
    h("div", { class: "title-line" }, h("h1", {}, "Cluster"), h("button", { type: "button", onclick: refresh }, "Look again")),
    h("p", { class: `verdict ${kind}`, id: "verdict" }, sentence),
    h("dl", { class: "facts" },
      fact("Stores that are up", `${cluster.stores.filter((store) => store.state === "up").length} of ${cluster.stores.filter((store) => store.state !== "gone").length}`),
      fact("Placement groups in place", `${count(cluster.groups.whole)} of ${count(cluster.groups.total)}`),
      fact("Default code", `${cluster.k}+${cluster.m}`), fact("Site", cluster.site), fact("Map version", count(cluster.version))),
    h("h2", {}, "Fragment stores"),
    rows.length ? table("Fragment stores", columns, rows, { id: "stores" })
      : h("div", { class: "empty" }, h("p", { class: "empty-title" }, "No stores"), h("p", {}, "A store appears here once it has its first lease.")),
    h("p", { class: "hint" }, "Whether every fragment of every object is where it should be: “pbfs cluster status”."));
}
