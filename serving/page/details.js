// "Lihat Detail": the catalogue's words, every reason with its weight, similar courses.

import { ApiFailure, get } from "./api.js";
import { buyDialog } from "./buying.js";
import { cardOf, loadCards } from "./catalogue.js";
import { dialogActions, openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { money } from "./format.js";
import { button, leftAfter, reasonText } from "./parts.js";
import { mayBuy } from "./person.js";
import { t } from "./words.js";

const MOST_SIMILAR = 4;

export function detailsDialog(item) {
  const similar = h("div", { class: "similar" });
  const go = button(t("buy_go", { price: money(item.price) }), "primary", () => buyDialog(item), { disabled: !mayBuy() });
  openDialog(item.title, [
    facts(item),
    h("h3", {}, t("why")),
    why(item.reasons),
    similar,
    dialogActions(go, t("close")),
  ]);
  showSimilar(item.course_id, similar);
}

function facts(item) {
  const rows = [
    [t("price"), item.balance_after === null ? money(item.price) : `${money(item.price)} (${leftAfter(item.balance_after)})`],
    [t("category"), item.category],
    [t("provider"), item.provider],
    [t("platform"), item.platform],
    [t("mode"), item.mode],
    [t("duration"), item.duration_days && t("days", { n: item.duration_days })],
    [t("min_age"), item.min_age && t("years", { n: item.min_age })],
    [t("min_education"), item.min_education],
  ];
  return h("dl", { class: "facts" },
    rows.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

function why(reasons) {
  if (!reasons.length) return h("p", { class: "muted" }, t("no_reason"));
  const most = Math.max(...reasons.map((one) => Math.abs(one.contribution)));
  return h("ul", { class: "reasons" }, reasons.filter((one) => one.contribution > 0).map((reason) => {
    const weight = h("span", { class: "weight", "aria-hidden": "true" });
    weight.style.inlineSize = `${(100 * reason.contribution) / most}%`;
    return h("li", {}, h("span", {}, reasonText(reason)), weight);
  }));
}

async function showSimilar(id, place) {
  let neighbours;
  try {
    const answer = await get(`/courses/${encodeURIComponent(id)}/similar?n=${MOST_SIMILAR}`);
    neighbours = answer.items;
    await loadCards(neighbours.map((one) => one.course_id));
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure;
    return; // it is an extra
  }
  if (!neighbours.length) return;
  fill(place,
    h("h3", {}, t("similar")),
    h("ul", {}, neighbours.map(({ course_id: other }) => {
      const course = cardOf(other);
      return h("li", {}, h("span", {}, course.title), h("span", { class: "tabular" }, money(course.price)));
    })),
  );
}
