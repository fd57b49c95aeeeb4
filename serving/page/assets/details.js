// "Lihat Detail": the catalogue's words, every reason with its weight, what is taken along with it.

import { ApiFailure, get } from "./api.js";
import { buyDialog } from "./buying.js";
import { dialogActions, openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { money, number } from "./format.js";
import { button, INDONESIAN, leftAfter, reasonText } from "./parts.js";
import { mayBuy } from "./person.js";
import { state } from "./state.js";
import { t } from "./words.js";

const MOST_ASKED = 12;
const MOST_SHOWN = 4;
const PATIENCE_MS = 400;

/** Opens whole, so that nothing moves under a finger; what is late is left out. */
export async function detailsDialog(item) {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, []));
  const items = await Promise.race([takenTogether(item.course_id), late]);
  const go = button(t("buy_go", { price: money(item.price) }), "primary", () => buyDialog(item), { disabled: !mayBuy() });
  openDialog(h("span", INDONESIAN, item.title), [
    facts(item),
    h("h3", {}, t("why")),
    why(item.reasons),
    together(items),
    dialogActions(go, t("close")),
  ]);
}

function facts(item) {
  const rows = [
    [t("price"), item.balance_after === null ? money(item.price) : `${money(item.price)} (${leftAfter(item.balance_after)})`],
    [t("category"), item.category, INDONESIAN],
    [t("provider"), item.provider, INDONESIAN],
    [t("platform"), item.platform, INDONESIAN],
    [t("mode"), item.mode, INDONESIAN],
    [t("duration"), item.duration_days && t("days", { n: item.duration_days })],
    [t("min_age"), item.min_age && t("years", { n: item.min_age })],
    [t("min_education"), item.min_education, INDONESIAN],
  ];
  return h("dl", { class: "facts" },
    rows.filter(([, value]) => value).map(([name, value, more]) => h("div", {}, h("dt", {}, name), h("dd", more, value))),
  );
}

function why(reasons) {
  if (!reasons.length) return h("p", { class: "muted" }, t("no_reason"));
  const most = Math.max(...reasons.map((one) => Math.abs(one.contribution))) || 1;
  const told = reasons.filter((one) => one.contribution > 0 || one.code === "explored");
  return h("ul", { class: "reasons" }, told.map((reason) => {
    const weight = h("span", { class: "weight", "aria-hidden": "true" });
    weight.style.inlineSize = `${(100 * Math.max(reason.contribution, 0)) / most}%`;
    return h("li", {}, h("span", {}, reasonText(reason)), weight);
  }));
}

/** What most people took along with it, of its nearest neighbours; without what is owned already. */
async function takenTogether(id) {
  const owned = new Set((state.person.history ?? []).map((one) => one.course_id));
  try {
    const { items } = await get(`/courses/${encodeURIComponent(id)}/similar?n=${MOST_ASKED}`);
    return items.filter((one) => !owned.has(one.course_id)).sort((a, b) => b.people.took - a.people.took);
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure;
    return []; // it is an extra
  }
}

function together(items) {
  if (!items.length) return null;
  return h("div", { class: "similar" },
    h("h3", {}, t("similar")),
    h("ul", {}, items.slice(0, MOST_SHOWN).map(neighbour)),
  );
}

function neighbour({ title, course_id, price, people }) {
  const took = t("similar_people", { took: number(people.took), of: number(people.of) });
  return h("li", {},
    h("div", {}, h("p", INDONESIAN, title || course_id), h("p", { class: "meta" }, took)),
    h("span", { class: "tabular" }, money(price)),
  );
}
