// The access key: entered, shown, forgotten.
import { Trouble } from "./api.js";
import { ask, field, tell } from "./dialogs.js";
import { button, h, say } from "./dom.js";
import { canSign, forgetKey, keyId, useKey } from "./s3.js";

const changed = new EventTarget();

/** Calls back whenever there is a key or none any more. */
export const onKeyChange = (listener) => changed.addEventListener("change", listener);

function announce() {
  show();
  say(keyId() ? "Access key accepted. You can change things now." : "Access key forgotten. The page is read-only.");
  changed.dispatchEvent(new Event("change"));
}

function explainInsecure() {
  const port = location.port || "80";
  tell("This page cannot sign requests here", [
    h("p", {}, `Browsers sign only on pages that came over https, or from the machine itself. This one came over http from ${location.hostname}. `,
      "Looking works as it is; for an access key, do one of these:"),
    h("ul", {},
      h("li", {}, "Forward the port to your machine, and open http://localhost:", port, "/ :",
        h("pre", {}, `ssh -N -L ${port}:127.0.0.1:${port} ${location.hostname}`)),
      h("li", {}, "In Kubernetes: ", h("pre", {}, `kubectl port-forward POD ${port}:${port}`)),
      h("li", {}, "Put a proxy that speaks https before the port, and name it in the gateway's adminNames."))]);
}

export async function enterKey() {
  if (!canSign) return explainInsecure();
  const done = await ask({
    title: "Enter an access key",
    label: "Use this key",
    content: [
      h("p", {}, "“pbfs key create USER” makes one. This page keeps it in memory, until it is closed or loaded anew; the secret is sent nowhere."),
      field("Access key", { name: "id", required: true, autofocus: true }),
      field("Secret", { name: "secret", type: "password", required: true }),
    ],
    act: async (form) => {
      const id = form.get("id").trim(), secret = form.get("secret").trim();
      if (!id || !secret) throw new Trouble("Enter both the access key and its secret.");
      await useKey(id, secret);
    },
  });
  if (done) announce();
}

function forget() {
  forgetKey();
  announce();
}

/** The corner of the page that says whether there is a key. */
export function show() {
  const corner = document.getElementById("key");
  corner.replaceChildren(...(keyId()
    ? [h("span", { class: "chip on", title: `Access key ${keyId()}` }, h("span", { class: "key-id" }, keyId())), button("Forget", forget)]
    : [h("span", { class: "chip" }, "Read-only"), button("Enter key", enterKey, { class: "primary" })]));
}
