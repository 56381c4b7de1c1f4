// Two people on one draft: what both have done to it, and where that does not go together.

/** What is decided together: the two bodies are one text. */
export const UNITS = [["inbox_id"], ["to"], ["cc"], ["bcc"], ["subject"], ["text", "html"]];

const LISTS = ["to", "cc", "bcc"];

/** Whether two values of a field say the same. */
export function same(one, other) {
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}

/**
 * What becomes of the fields when the server has `theirs`: {fields, adopted, contested}.
 *
 * `base` is what both sides began with, `mine` what was changed here alone. A field that only they
 * have changed is theirs (`adopted`), one that was changed here alone stays. People on both sides
 * of a list come together; anything else that both have changed is the person's to decide:
 * `contested` are the names of such units.
 */
export function merge(base, mine, theirs) {
  const fields = {};
  const adopted = [];
  const contested = [];
  for (const unit of UNITS) {
    const changed = unit.filter((name) => name in base && !same(theirs[name], base[name]));
    const own = unit.filter((name) => name in mine && !same(mine[name], theirs[name]));
    if (changed.length && own.length && !LISTS.includes(unit[0])) contested.push(unit[0]);
    for (const name of own) fields[name] = mine[name];
    if (!changed.length) continue;
    if (!own.length) adopted.push(...changed);
    else if (LISTS.includes(unit[0])) {
      const [name] = unit;
      const together = mergePeople(base[name], mine[name], theirs[name]);
      if (!same(together, mine[name])) adopted.push(name);
      if (same(together, theirs[name])) delete fields[name];
      else fields[name] = together;
    }
  }
  return { fields, adopted, contested };
}

/** Who is on a list after both have changed it: all who were added, none who was removed. */
export function mergePeople(base, mine, theirs) {
  const [was, here, there] = [base, mine, theirs].map(byAddress);
  const stay = [...there].filter(([key]) => here.has(key) || !was.has(key));
  const come = [...here].filter(([key]) => !was.has(key) && !there.has(key));
  const renamed = (key) => was.has(key) && here.has(key) && here.get(key).name !== was.get(key).name;
  return [...stay, ...come].map(([key, person]) => (renamed(key) ? here.get(key) : person));
}

function byAddress(people) {
  return new Map((people ?? []).map((person) => [person.email.toLowerCase(), person]));
}

function plain(value) {
  if (Array.isArray(value)) return value.map(({ email, name }) => [email, name || null]);
  return value ?? null;
}
