// The way in: with a participant id, or without one.

import { ApiFailure } from "./api.js";
import { focusOn, h } from "./dom.js";
import { number } from "./format.js";
import { enter } from "./loading.js";
import { failureText, INDONESIAN } from "./parts.js";
import { changed, state } from "./state.js";
import { has, t } from "./words.js";

const BAND_AGES = { min: 15, max: 99 };

export function entryView() {
  return h(
    "div",
    { class: "entry" },
    h("h1", { id: "view-title" }, t("entry_title")),
    h("p", { class: "lead" }, t("entry_lead")),
    h("div", { class: "entry-forms" }, idForm(), trialForm()),
  );
}

function idForm() {
  const id = h("input", { id: "entry-id", name: "id", required: true, maxlength: 256, autocomplete: "off", autocapitalize: "none", spellcheck: "false", "data-key": "entry-id" });
  const key = h("input", { id: "entry-key", name: "key", type: "password", autocomplete: "off", "aria-describedby": "entry-key-hint", "data-key": "entry-key" });
  const asked = state.facts.keys_needed;
  const made = form("entry-form", t("entry_go"), "primary", async () => {
    if (!id.value.trim()) throw new BadField(id, t("need_id"));
    try {
      await enter({ id: id.value.trim(), key: key.value.trim() || null });
    } catch (failure) {
      if (failure.status === 404) throw new BadField(id, t("unknown_id"));
      if (failure.status === 401) throw new BadField(key, t("bad_key"));
      throw failure;
    }
  },
    field(t("entry_id"), id),
    asked ? field(t("entry_key"), key, h("p", { class: "hint", id: "entry-key-hint" }, t("entry_key_hint"))) : null,
  );
  return panel("entry-in", t("entry_in"), t("entry_in_lead"), made);
}

function trialForm() {
  const balance = h("input", { id: "trial-balance", inputmode: "numeric", autocomplete: "off", "aria-describedby": "trial-hint", value: state.facts.grant ? number(state.facts.grant) : "", "data-key": "trial-balance" });
  const answers = state.facts.profile.map((question) => [question, control(question)]);
  const key = h("input", { id: "trial-key", type: "password", autocomplete: "off" });
  const asked = state.facts.keys_needed;
  const made = form("trial-form", t("trial_go"), "secondary", async () => {
    const amount = balance.value.replace(/^\s*Rp\s*/i, "").replace(/[.,\s]/g, "");
    if (!/^\d{1,15}$/.test(amount)) throw new BadField(balance, t("bad_balance"));
    const profile = {};
    for (const [question, answer] of answers) {
      if (answer.value !== "") profile[question.column] = question.values.length ? answer.value : Number(answer.value);
    }
    try {
      await enter({ trial: { balance: Number(amount), profile, bought: [] }, key: key.value.trim() || null });
    } catch (failure) {
      if (failure.status === 401) throw new BadField(key, t("bad_key"));
      throw failure;
    }
  },
    field(t("trial_balance"), balance, h("p", { class: "hint", id: "trial-hint" }, t("trial_balance_hint"))),
    h("div", { class: "fields" }, answers.map(([question, answer]) => field(t(`column_${question.column}`), answer))),
    asked ? field(t("entry_key"), key) : null,
  );
  return panel("trial-title", t("trial_title"), t("trial_lead"), made);
}

function panel(id, title, lead, made) {
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), h("p", { class: "muted" }, lead), made);
}

function control({ column, values }) {
  const id = `trial-${column}`;
  if (!values.length) return h("input", { id, type: "number", ...BAND_AGES, "data-key": id });
  const option = (value) => (has(`value_${value}`) ? h("option", { value }, t(`value_${value}`)) : h("option", { value, ...INDONESIAN }, value));
  return h("select", { id, "data-key": id },
    h("option", { value: "" }, t("trial_any")),
    values.map(option),
  );
}

function field(label, input, hint = null) {
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, hint);
}

/** What is wrong with one field; it gets the focus. */
class BadField extends Error {
  constructor(input, message) {
    super(message);
    this.input = input;
  }
}

function form(id, label, kind, work, ...fields) {
  const wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" }, state.turnedAway?.form === id ? t(state.turnedAway.word) : "");
  const submit = h("button", { class: kind, "data-key": id }, label);
  const onsubmit = async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    for (const input of event.target.elements) input.removeAttribute("aria-invalid");
    submit.setAttribute("aria-disabled", "true");
    try {
      await work();
      location.hash = "#rekomendasi";
      changed();
      if (document.activeElement === document.body) focusOn(document.querySelector("#view-title"));
    } catch (failure) {
      if (failure instanceof BadField) {
        failure.input.setAttribute("aria-invalid", "true");
        failure.input.focus();
      } else if (!(failure instanceof ApiFailure)) throw failure;
      wrong.textContent = failure instanceof BadField ? failure.message : failureText(failure);
    } finally {
      submit.removeAttribute("aria-disabled");
    }
  };
  return h("form", { id, novalidate: true, onsubmit }, fields, wrong, submit);
}
