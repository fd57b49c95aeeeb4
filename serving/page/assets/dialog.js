// One modal dialog: the browser keeps the focus inside and gives it back.

import { focusOn, h } from "./dom.js";
import { button } from "./parts.js";
import { t } from "./words.js";

const dialog = document.querySelector("#dialog");
let opener = null;

/** Shows `children` under a title, a text or an element. */
export function openDialog(title, children) {
  const heading = h("h2", { id: "dialog-title", tabindex: "-1" }, title);
  if (!dialog.open) opener = document.activeElement?.dataset.key ?? null;
  dialog.replaceChildren(heading, ...children.filter(Boolean));
  if (!dialog.open) dialog.showModal();
  heading.focus();
}

export const closeDialog = () => dialog.close();

/** The row of buttons at the end of a dialog. */
export function dialogActions(primary, back = t("back")) {
  return h("div", { class: "dialog-actions" }, button(back, "secondary", closeDialog, { "data-key": "dialog-back" }), primary);
}

/** A button that works once at a time and says what it does meanwhile; `wrong` shows a failure. */
export function working(label, meanwhile, work, wrong) {
  const made = button(label, "primary", async () => {
    if (made.getAttribute("aria-disabled") === "true") return;
    made.setAttribute("aria-disabled", "true");
    made.textContent = meanwhile;
    wrong.textContent = "";
    try {
      await work();
    } catch (failure) {
      if (!("passes" in failure)) throw failure;
      made.textContent = failure.passes ? t("retry") : label;
      wrong.textContent = wrong.words(failure);
    } finally {
      made.removeAttribute("aria-disabled");
    }
  }, { "data-key": "dialog-go" });
  return made;
}

/** A line for what went wrong; `words` says it for a failure. */
export function wrongLine(words) {
  const line = h("p", { class: "wrong", role: "alert" });
  line.words = words;
  return line;
}

dialog.addEventListener("close", () => {
  if (document.activeElement !== document.body) return;
  const key = opener && document.querySelector(`[data-key="${CSS.escape(opener)}"]`); // drawn anew
  focusOn(key || document.querySelector("#view-title"));
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) closeDialog(); // beside it
});
