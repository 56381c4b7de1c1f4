// What was sent, received or uploaded before: chosen in a dialog, files without being sent again.

import { counted, inWords } from "file-words";
import { ask, call } from "native";
import { moment } from "times";

const PAUSE = 200; // milliseconds without typing, after which it is looked for
const LIMIT = 50;

const PAGE = `
  <form method="dialog">
    <h2 id="earlier-title">Files you sent or received recently</h2>
    <div class="kinds" role="group" aria-label="What to attach">
      <label><input type="radio" name="kind" value="files" checked> Files</label>
      <label><input type="radio" name="kind" value="mails"> Whole mails</label>
    </div>
    <input type="search" aria-label="Search" placeholder="Name of the file" autocomplete="off">
    <p class="faint found" role="status"></p>
    <ul></ul>
    <div class="actions">
      <button class="quiet" value="">Cancel</button>
      <button value="attach" disabled>Attach</button>
    </div>
  </form>`;

/** Where each kind is found; `read` makes lines of what the API lists. */
const SOURCES = {
  files: {
    hint: "Name of the file",
    path: (search) => `/attachments?${new URLSearchParams({ state: "ready", limit: LIMIT, search })}`,
    read: (found) =>
      onceEach(found).map(({ id, filename, size, created_at }) => ({
        id,
        name: filename,
        facts: [inWords(size), moment(new Date(created_at))],
      })),
  },
  mails: {
    hint: "Words of the mail",
    path: (search) => `/messages?${new URLSearchParams({ limit: LIMIT, ...(search && { search }) })}`,
    read: (found) =>
      found.map(({ id, subject, from, created_at }) => ({
        id,
        name: subject || "(no subject)",
        facts: [from?.name || from?.email, moment(new Date(created_at))].filter(Boolean),
      })),
  },
};

/** Let the person choose; gives ids: {files, mails}. `carried` are those that the draft has. */
export function chooseEarlier(carried) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "earlier-files" });
  dialog.setAttribute("aria-labelledby", "earlier-title");
  dialog.innerHTML = PAGE;
  const part = (selector) => dialog.querySelector(selector);
  const [search, list, attach] = [part("[type=search]"), part("ul"), part("[value=attach]")];
  const chosen = { files: new Set(), mails: new Set() };
  const kind = () => part("[name=kind]:checked").value;
  let latest = 0;

  const show = async () => {
    const number = ++latest;
    const wanted = kind();
    const source = SOURCES[wanted];
    search.placeholder = source.hint;
    const answer = await call("GET", source.path(search.value.trim())).catch((error) => error);
    if (number !== latest) return;
    const found = source.read(answer.data ?? []);
    part(".found").textContent = answer.data ? sayFound(found.length, wanted) : answer.message;
    list.replaceChildren(...found.map((one) => line(one, chosen[wanted], carried)));
  };

  let timer;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  });
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  part(".kinds").addEventListener("change", show);
  list.addEventListener("change", ({ target }) => {
    if (target.checked) chosen[kind()].add(target.value);
    else chosen[kind()].delete(target.value);
    const number = chosen.files.size + chosen.mails.size;
    attach.disabled = !number;
    attach.textContent = number ? `Attach ${counted(number)}` : "Attach";
  });
  document.body.append(dialog);
  dialog.showModal();
  search.focus();
  show();
  return new Promise((give) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      const { files, mails } = dialog.returnValue === "attach" ? chosen : { files: [], mails: [] };
      give({ files: [...files], mails: [...mails] });
    });
  });
}

/** A mail as a file, as it was sent or received. */
export async function wholeMail(id) {
  const [mail, raw] = await Promise.all([
    call("GET", `/messages/${id}`),
    ask("GET", `/messages/${id}/raw`, { headers: { Accept: "*/*" } }),
  ]);
  const name = `${mail.subject.replace(/[/\\\p{Cc}]+/gu, "-").slice(0, 200) || "Mail"}.eml`;
  return new File([await raw.blob()], name, { type: "message/rfc822" });
}

function line({ id, name, facts }, chosen, carried) {
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const box = make("input", { type: "checkbox", value: id, disabled: carried.has(id) });
  box.checked = chosen.has(id) || carried.has(id);
  const said = [...facts, carried.has(id) && "already attached"].filter(Boolean).join(" · ");
  const label = make("label", {});
  const words = make("span", { textContent: name, dir: "auto" });
  label.append(box, words, make("span", { className: "faint", textContent: said }));
  const item = make("li", {});
  item.append(label);
  return item;
}

/** The same bytes under the same name are one file, whatever number of mails had it. */
function onceEach(files) {
  const seen = new Map();
  for (const file of files) {
    const key = `${file.sha256} ${file.filename}`;
    if (!seen.has(key)) seen.set(key, file);
  }
  return [...seen.values()];
}

function sayFound(number, kind) {
  if (!number) return "Nothing fits.";
  return number < LIMIT ? counted(number, kind.slice(0, -1)) : "The newest. Type to find others.";
}
