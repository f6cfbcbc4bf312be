/** The M/ETHANE summary: what a machine proposes, what a person wrote, and never the one over the other. Pure. */

/** In the order of the word. `major` is a tick, `casualties` a whole number or nothing. */
export const FIELDS = ['major', 'exact_location', 'type_of_incident', 'hazards', 'access', 'casualties', 'emergency_services'];

/** @typedef {{edited: Record<string, any>, base: Record<string, any>}} Draft `base`: what was proposed when it was edited */

/** @returns {Draft} */
export function empty() {
  return { edited: {}, base: {} };
}

/** A field of a summary as the form holds it: text, or true/false for `major`. */
export function held(summary, field) {
  const value = summary?.[field];
  if (field === 'major') return value === true;
  return value === undefined || value === null ? '' : String(value);
}

/** What stands in the form: a person's words where there are any, else what is proposed. */
export function values(prefill, draft) {
  return Object.fromEntries(FIELDS.map((field) => [field, field in draft.edited ? draft.edited[field] : held(prefill, field)]));
}

/** A person wrote `value`. Back to what is proposed is no edit any more. @returns {Draft} */
export function edit(draft, prefill, field, value) {
  const edited = { ...draft.edited, [field]: value };
  const base = { ...draft.base, [field]: held(prefill, field) };
  if (value === base[field]) {
    delete edited[field];
    delete base[field];
  }
  return { edited, base };
}

/** Take what is proposed now in place of what was written. @returns {Draft} */
export function takeNew(draft, field) {
  const { [field]: _edited, ...edited } = draft.edited;
  const { [field]: _base, ...base } = draft.base;
  return { edited, base };
}

/** Keep what was written; this proposal is not offered again. @returns {Draft} */
export function keepOld(draft, prefill, field) {
  return { edited: draft.edited, base: { ...draft.base, [field]: held(prefill, field) } };
}

/** Fields whose proposal has changed since a person wrote theirs: {field: proposal}. */
export function offers(prefill, draft) {
  const found = {};
  for (const field of Object.keys(draft.edited)) {
    const proposed = held(prefill, field);
    if (proposed && proposed !== draft.base[field] && proposed !== draft.edited[field]) found[field] = proposed;
  }
  return found;
}

/** A report that was sent from another browser is a person's: begin with it. @returns {Draft} */
export function adopt(sent, prefill) {
  let draft = empty();
  for (const field of FIELDS) {
    const value = held(sent, field);
    if (value && value !== held(prefill, field)) draft = edit(draft, prefill, field, value);
  }
  return draft;
}

/** Why the form cannot be sent as it stands: '' or 'casualties'. */
export function fault(form) {
  return form.casualties === '' || /^\d{1,5}$/.test(form.casualties.trim()) ? '' : 'casualties';
}

/** As POST /contacts/{id}/send takes it. */
export function body(form) {
  const text = (field) => form[field].trim();
  const said = { major: form.major, casualties: text('casualties') === '' ? null : Number(text('casualties')) };
  for (const field of ['exact_location', 'type_of_incident', 'hazards', 'access', 'emergency_services']) said[field] = text(field);
  return said;
}

/** Fields in which the form differs from what rooms were sent last; none while nothing was sent. */
export function changedFields(form, sent) {
  if (!sent) return [];
  const now = body(form);
  return FIELDS.filter((field) => held(now, field) !== held(sent, field));
}
