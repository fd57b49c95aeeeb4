// Recommended courses that fit, and their filters.

import { h, icon } from "./dom.js";
import { day, money } from "./format.js";
import { filter, loadMore, reload } from "./loading.js";
import { bar, blank, button, failed, INDONESIAN, leftAfter, metaLine, reasonText, titled } from "./parts.js";
import { reviewDialog } from "./history.js";
import { mayBuy, passed, underWay } from "./person.js";
import { DAYS } from "./picking.js";
import { pinnedCard } from "./pinned.js";
import { isTrial, NO_FILTERS, state } from "./state.js";
import { detailsDialog } from "./details.js";
import { buyDialog } from "./buying.js";
import { preview } from "./wallet.js";
import { t } from "./words.js";

const PRICE_STEPS = [100_000, 250_000, 500_000, 1_000_000, 2_000_000];
const SKELETONS = 6;
let filtersOpen = false; // on a phone, where they are folded away

export function coursesView() {
  return [
    h("header", { class: "view-head" },
      h("h1", { id: "view-title" }, t("courses_title")),
      h("p", { class: "lead" }, nothing() || state.list.status === "failed" ? null : lead()),
    ),
    hold(),
    pinnedCard(),
    nothing() ? null : filters(),
    h("div", { id: "list", "aria-busy": state.list.status === "loading" ? "true" : "false" }, list()),
  ];
}

const nothing = () => state.list.status === "ready" && !state.list.items.length && !filtered();

function lead() {
  const { balance, history } = state.person;
  if (history?.length === 0) return t("new_lead");
  return balance === null ? t("courses_lead_free") : t("courses_lead", { balance: money(balance) });
}

/** Why nothing can be bought at the moment. */
function hold() {
  const late = passed();
  if (!state.facts.records && !isTrial()) return note("alert", t("error_no_store"));
  if (late) return note("alert", h("strong", {}, t("too_late_title")), ` ${t("too_late_text", { date: day(late.on) })}`);
  const first = underWay();
  if (!first) return null;
  const review = button(t("review"), "secondary", () => reviewDialog(first), { "data-key": "review-first" });
  return h("div", { class: "notice" }, icon("clock"), h("p", {}, titled("finish_first", first.title)), review);
}

const note = (name, ...words) => h("div", { class: "notice" }, icon(name), h("p", {}, ...words));

function filters() {
  const { categories, modes, has_durations: timed } = state.facts;
  const most = state.person.balance ?? Infinity;
  const steps = PRICE_STEPS.filter((step) => step < most);
  const choices = [
    steps.length ? choice("price", steps.map((step) => [step, t("at_most", { price: money(step) })])) : null,
    categories.length > 1 ? choice("category", categories.map((name) => [name, name]), INDONESIAN) : null,
    modes.length > 1 ? choice("mode", modes.map((name) => [name, name]), INDONESIAN) : null,
    timed ? choice("days", Object.keys(DAYS).map((key) => [key, t(`days_${key}`)])) : null,
  ];
  const form = h("form", { "aria-label": t("filters"), onsubmit: (event) => event.preventDefault() },
    choices,
  );
  const open = filtered() || filtersOpen || matchMedia("(min-width: 721px)").matches;
  return h("details", { class: "filters", open, ontoggle: (event) => (filtersOpen = event.target.open) },
    h("summary", { class: "secondary", "data-key": "filters" }, t("filters")),
    form,
  );
}

const filtered = () => Object.values(state.filters).some((value) => value !== "");

function clear() {
  state.filters = { ...NO_FILTERS };
  filter();
  document.querySelector("#filter-category, .filters select")?.focus();
}

function choice(name, options, more = {}) {
  const id = `filter-${name}`;
  const onchange = (event) => {
    state.filters = { ...state.filters, [name]: event.target.value };
    filter();
  };
  const select = h("select", { id, "data-key": id, onchange },
    h("option", { value: "" }, t("all")),
    options.map(([value, label]) => h("option", { value, ...more }, label)),
  );
  select.value = state.filters[name];
  return h("div", { class: "field" }, h("label", { for: id }, t(`filter_${name}`)), select);
}

/** The list in a few words. */
export function standing() {
  const { status, items } = state.list;
  if (status === "loading") return t("loading");
  if (status === "failed") return t("failed_title");
  return items.length ? t("shown", { n: items.length }) : emptyWords()[0];
}

function list() {
  const { status, items, more } = state.list;
  if (status === "failed") return failed(state.failure, reload);
  if (status === "loading" && !items.length) return skeletons();
  if (!items.length) return blank(...emptyWords());
  return [
    h("div", { class: "count" },
      h("p", {}, t("shown", { n: items.length })),
      filtered() ? button(t("clear"), "quiet", clear, { "data-key": "clear" }) : null,
    ),
    h("ul", { class: "cards" }, items.map(card)),
    more ? button(t("more"), "secondary wide", showMore, { "data-key": "more" }) : null,
  ];
}

async function showMore() {
  const before = state.list.items.length;
  await loadMore();
  const details = [...document.querySelectorAll(".cards .details")];
  (details[before] ?? details.at(-1) ?? document.querySelector("[data-key=retry]"))?.focus();
}

function emptyWords() {
  const { balance } = state.person;
  if (filtered()) return [t("empty_filter"), t("empty_filter_text"), button(t("clear"), "secondary", clear)];
  if (balance === 0) return [t("empty_zero"), t("empty_zero_text"), h("a", { class: "secondary", href: "#riwayat" }, t("history_title"))];
  return [t("empty_none", { balance: balance === null ? "" : money(balance) }), t("empty_none_text")];
}

function skeletons() {
  return [
    h("p", { class: "count" }, t("loading")),
    h("ul", { class: "cards", "aria-hidden": "true" }, Array.from({ length: SKELETONS }, () => h("li", { class: "card skeleton" }))),
  ];
}

function card(item) {
  const { course_id: id, title, price, balance_after: left } = item;
  const [reason] = item.reasons.filter((one) => one.code !== "other");
  const balance = state.person.balance;
  return h("li", { class: "card", onmouseenter: () => preview(item), onmouseleave: () => preview(null), onfocusin: () => preview(item), onfocusout: () => preview(null) },
    item.category ? h("p", { class: "eyebrow", ...INDONESIAN }, item.category) : null,
    h("h2", INDONESIAN, title),
    metaLine(item),
    h("p", { class: "reason" }, icon("people"), h("span", {}, reason ? reasonText(reason) : t(`source_${item.source}`))),
    h("div", { class: "card-money" },
      h("p", {}, h("span", { class: "price" }, money(price)), left === null ? null : h("span", { class: left === 0 ? "after pas" : "after" }, leftAfter(left))),
      balance ? bar([{ kind: "left", amount: left }, { kind: "this", amount: price }], balance, t("bar", { spent: money(price), left: money(left) })) : null,
    ),
    h("div", { class: "actions" },
      button(t("details"), "quiet details", () => detailsDialog(item), { "aria-label": t("details_label", { title }), "data-key": `details-${id}` }),
      button(t("buy"), "primary", () => buyDialog(item), { "aria-label": t("buy_label", { title, price: money(price) }), disabled: !mayBuy(), "data-key": `buy-${id}` }),
    ),
  );
}
