// Somebody else works on the same draft: what goes together is shown, the rest is for the person.

import { ask, make } from "dialog";
import { announce } from "live";
import { toast } from "toast";
import { both, middles, textOf } from "texts";

const NAMES = { inbox_id: "From", to: "To", cc: "Cc", bcc: "Bcc", subject: "Subject", text: "Text" };
const WORDS = { ...NAMES, html: "Text", files: "Files" };

/** Watch a composer's draft until `signal` aborts. */
export function watch(composer, signal) {
  const { draft } = composer;
  const on = (name, run) => draft.addEventListener(name, run, { signal });
  on("change", ({ detail }) => tell(detail));
  on("conflict", () => decideAll(composer, signal));
  on("gone", () => saveAnew(composer));
  if (draft.conflicts.length) decideAll(composer, signal);
}

function tell(names) {
  const words = [...new Set(names.map((name) => WORDS[name]))].join(", ");
  toast(`Changed elsewhere: ${words}.`, { seconds: 5 });
}

/** Drafts whose dialog is open, and the notices of those that wait for it. */
const asked = new WeakSet();
const notices = new WeakMap();

/** Have the person decide about all that both sides have changed, one dialog for each. */
export async function decideAll(composer, signal) {
  const { draft } = composer;
  if (asked.has(draft)) return; // the dialog is there
  asked.add(draft);
  notices.get(draft)?.remove();
  try {
    while (draft.conflicts.length && !signal.aborted) {
      const [conflict] = draft.conflicts;
      const values = await decide(conflict);
      if (!values) break;
      draft.resolve(conflict.name, values);
    }
  } finally {
    asked.delete(draft);
  }
  if (draft.conflicts.length && !signal.aborted) {
    const run = () => decideAll(composer, signal);
    const words = "Not saved: somebody else has changed the same.";
    const notice = toast(words, { action: { label: "Compare", run }, seconds: 0, kind: "bad" });
    notices.set(draft, notice);
  }
}

/** The values that a unit is to have; null when the person does not say. */
async function decide({ name, base, mine, theirs }) {
  const [ours, others] = middles(shown(name, mine), shown(name, theirs));
  const isText = name === "text";
  const answer = await ask({
    title: `${NAMES[name]}: two versions`,
    className: "merging",
    content: [
      make("p", { textContent: "This draft was changed here and elsewhere. Neither version is lost until you choose." }),
      make("div", { className: "versions" }, version("Mine", ours), version("Theirs", others)),
    ],
    actions: [
      { label: "Keep mine", value: "mine" },
      { label: "Take theirs", value: "theirs" },
      ...(isText ? [{ label: "Keep both", value: "both", kind: "" }] : []),
    ],
  });
  announce(answer ? "Decided." : "Not decided.");
  if (answer === "mine") return mine;
  if (answer === "theirs") return theirs;
  return answer === "both" ? both(base, mine, theirs) : null;
}

function shown(name, fields) {
  return name === "text" ? textOf(fields) : String(fields[name] ?? "");
}

/** A version, with what is only in it marked. */
function version(title, [before, own, after]) {
  const text = make("div", { className: "version", tabIndex: 0, dir: "auto" }, before, make("mark", {}, own), after);
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", title);
  return make("section", {}, make("h3", { textContent: title }), text);
}

async function saveAnew(composer) {
  const answer = await ask({
    title: "This draft was deleted elsewhere",
    content: [make("p", { textContent: "What you see here is all that is left of it." })],
    actions: [
      { label: "Save as a new draft", value: "save", kind: "" },
      { label: "Let it go", value: "go", kind: "quiet danger" },
    ],
  });
  if (answer === "go") {
    const { lastPlace, visit } = await import("visit");
    visit(lastPlace());
    return;
  }
  try {
    await composer.draft.revive();
    history.replaceState(history.state, "", `/mail/drafts/${composer.draft.id}`);
  } catch (error) {
    toast(`Not saved. ${error.message}`, { action: { label: "Try again", run: () => saveAnew(composer) }, seconds: 0 });
  }
}
