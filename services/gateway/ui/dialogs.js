// Questions, asked in <dialog>s: the keyboard stays inside, Escape answers no.
import { h, button } from "./dom.js";

function open(title, content, buttons) {
  const heading = h("h2", { id: "dialog-title" }, title);
  const form = h("form", { method: "dialog", novalidate: true }, heading, content, h("div", { class: "buttons" }, buttons));
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, form };
}

/**
 * Asks, and does what was asked for while the dialog says so; a failure stays in the dialog, in words. `act` gets a FormData.
 * Resolves with true if it was done.
 */
export function ask({ title, content, label, danger = false, act }) {
  return new Promise((resolve) => {
    const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
    const submit = h("button", { type: "submit", class: danger ? "danger" : "primary" }, label);
    const cancel = button("Cancel", () => dialog.close());
    const { dialog, form } = open(title, [content, trouble], [cancel, submit]);
    let done = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      trouble.hidden = true;
      submit.disabled = cancel.disabled = true;
      try {
        await act(new FormData(form));
        done = true;
        dialog.close();
      } catch (error) {
        trouble.textContent = error.message;
        trouble.hidden = false;
        submit.disabled = cancel.disabled = false;
      }
    });
    dialog.addEventListener("close", () => resolve(done));
  });
}

/** Tells something that needs no answer. */
export function tell(title, content) {
  const { dialog } = open(title, content, [button("Close", () => dialog.close(), { class: "primary" })]);
}

/** A labelled input of a dialog. */
export function field(label, attributes, hint) {
  return h("label", { class: "field" }, h("span", {}, label), h("input", { autocomplete: "off", spellcheck: "false", ...attributes }),
    hint && h("small", {}, hint));
}
