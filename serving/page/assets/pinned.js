// The plan that was taken up: what of it is bought and what comes next.

import { buyDialog } from "./buying.js";
import { focusOn, h, icon } from "./dom.js";
import { money } from "./format.js";
import { button, INDONESIAN } from "./parts.js";
import { mayBuy } from "./person.js";
import { pin } from "./purchases.js";
import { changed, state } from "./state.js";
import { t } from "./words.js";

/** A card with the steps; null where no plan was taken. */
export function pinnedCard() {
  if (!state.pinned) return null;
  const { courses } = state.pinned;
  const owned = new Set((state.person.history ?? []).map((one) => one.course_id));
  const open = courses.filter((course) => !owned.has(course.course_id));
  const next = open[0];
  const total = open.reduce((sum, course) => sum + course.price, 0);
  const broken = state.person.balance !== null && total > state.person.balance;
  return h("section", { class: "pinned", "aria-labelledby": "pinned-title" },
    h("div", { class: "pinned-head" },
      h("h2", { id: "pinned-title" }, icon("pin"), t("pinned_title")),
      h("p", { class: "muted" }, next ? t("pinned_count", { a: courses.length - open.length, b: courses.length }) : t("pinned_complete")),
      button(t("unpin"), "quiet", unpin, { "data-key": "unpin" }),
    ),
    broken ? h("p", { class: "wrong" }, t("pinned_broken")) : null,
    h("ol", { class: "steps" }, courses.map((course) => step(course, course === next && !broken, owned))),
  );
}

function step(course, next, owned) {
  const done = owned.has(course.course_id);
  const { title, price, course_id: id } = course;
  return h("li", { class: done ? "done" : next ? "next" : "later" },
    done ? icon("check") : h("span", { class: "dot", "aria-hidden": "true" }),
    h("span", { class: "step-title", ...INDONESIAN }, title),
    h("span", { class: "tabular" }, money(price)),
    done
      ? h("span", { class: "chip" }, t("pinned_done"))
      : next
        ? button(t("buy"), "primary", () => buyDialog(course), { "aria-label": t("buy_label", { title, price: money(price) }), disabled: !mayBuy(), "data-key": `step-${id}` })
        : h("span", { class: "chip" }, t("pinned_later")),
  );
}

function unpin() {
  pin(null);
  changed();
  focusOn(document.querySelector("#view-title"));
}
