// What there is to say before a mail is sent: all of it at once, and what can be done about it.

import { ask, make } from "dialog";

const ORDER = ["error", "warning", "waiting"];
const MARKS = { error: "Must be mended", warning: "Look again", waiting: "On its way" };
const NAMES = {
  to: "To",
  cc: "Cc",
  bcc: "Bcc",
  subject: "Subject",
  inbox_id: "From",
  text: "Message",
  html: "Message",
  attachments: "Files",
};

/** Findings of the server, and of what the server cannot see: [{code, severity, message, …}]. */
export async function look(composer, uploads) {
  const { findings } = await composer.draft.check();
  return [...unread(composer), ...unsent(composer, uploads), ...findings];
}

/** What was typed as a recipient and is none. */
function unread(composer) {
  return [...composer.querySelectorAll("recipient-field")].flatMap((field) =>
    [...(field.invalid ?? [])].map((one) => ({
      code: "invalid_address",
      severity: "error",
      message: `“${one.text ?? one}” is not an address.${one.reason ? ` ${one.reason}` : ""}`,
      field: field.getAttribute("name"),
      remedy: "Mend it, or take it out.",
    })),
  );
}

/** Files that could not be uploaded. */
function unsent(composer, uploads) {
  return uploads
    .of(composer.draft)
    .filter(({ state }) => state === "failed")
    .map(({ name, reason }) => ({
      code: "upload_failed",
      severity: "error",
      message: `${name} could not be attached. ${reason}`.trim(),
      field: "attachments",
      remedy: "Try it again, or remove it.",
    }));
}

/**
 * Show the findings, if a person need see them; gives `send` when it may go, else what they want:
 * `attach`, `back`, or the field to go to.
 */
export async function decide(findings) {
  if (!findings.some(({ severity }) => severity !== "waiting")) return "send";
  const isHeld = findings.some(({ severity }) => severity === "error");
  const sorted = ORDER.flatMap((one) => findings.filter(({ severity }) => severity === one));
  const actions = [{ label: "Back to the mail", value: "back" }];
  if (findings.some(({ code }) => code === "forgotten_attachment")) {
    actions.push({ label: "Attach", value: "attach" });
  }
  if (!isHeld) actions.push({ label: "Send anyway", value: "send", kind: "" });
  const answer = await ask({
    title: isHeld ? "It cannot be sent like this" : "Before it is sent",
    className: "preflight",
    content: [make("ul", { className: "findings" }, ...sorted.map(line))],
    actions,
  });
  return answer || "back";
}

function line({ severity, message, field, remedy }) {
  const root = field?.split(/[.[]/)[0];
  const go = make("button", {
    type: "button",
    className: "answer plain",
    value: field ?? "",
    textContent: `Go to ${NAMES[root]}`,
  });
  return make(
    "li",
    { className: `finding ${severity}` },
    make("strong", { textContent: MARKS[severity] }),
    make("p", {}, message, remedy ? make("span", { className: "remedy", textContent: ` ${remedy}` }) : null),
    root in NAMES ? go : null,
  );
}

const PLACES = {
  to: "recipient-field[name=to]",
  cc: "recipient-field[name=cc]",
  bcc: "recipient-field[name=bcc]",
  subject: "#subject",
  inbox_id: "#inbox_id",
  text: "letter-editor",
  html: "letter-editor",
  attachments: "draft-files",
};
const FOCUSABLE = "input:not([type=hidden], [type=file]), textarea, select, button";

/** Put the focus on what a finding is about; `field` is a path such as `attachments[1].filename`. */
export function goTo(composer, field) {
  const place = composer.querySelector(PLACES[field.split(/[.[]/)[0]]);
  const parts = [...place.querySelectorAll(FOCUSABLE)].filter((part) => part.checkVisibility());
  (place.matches(`letter-editor, ${FOCUSABLE}`) ? place : parts[0])?.focus();
}
