// Elements out of data. Strings become text, never HTML: whatever a name contains, it is shown as it is.

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false).map(
    (child) => (child instanceof Node ? child : String(child))));
  return node;
}

/** h("a", {href, onclick}, "text", node, [more]): attributes that are null or false are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in the name space of SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

export function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

/** Tells those who do not see the page. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** A table; a row is a list of cells, each text or nodes. `columns`: {title, number: right-aligned}. */
export function table(caption, columns, rows, attributes = {}) {
  const cell = (tag, column, content, more = {}) => h(tag, { class: column.number ? "number" : null, ...more }, content);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", attributes,
      h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, columns.map((column) => cell("th", column, column.title, { scope: "col" })))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((content, i) => cell("td", columns[i], content)))))));
}
