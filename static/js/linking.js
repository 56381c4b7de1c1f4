// The small dialog that asks where a link leads.

const KNOWN = /^(?:https?:\/\/|mailto:|tel:)\S+$/i;
const ADDRESS = /^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/;

/** What somebody means by an address, as a link has it; "" when that is none. */
export function linkOf(text) {
  const words = text.trim();
  if (KNOWN.test(words)) return words;
  if (ADDRESS.test(words)) return `mailto:${words}`;
  return /^[\w-]+(?:\.[\w-]+)+(?:[/?#:]\S*)?$/.test(words) ? `https://${words}` : "";
}

/** Ask for an address; gives it, "" to remove the link, or null for no change. */
export function askForLink(dialog, { url = "" } = {}) {
  const input = dialog.querySelector("input");
  const problem = dialog.querySelector(".problem");
  const remove = dialog.querySelector("[data-link=remove]");
  input.value = url;
  problem.textContent = "";
  input.removeAttribute("aria-invalid");
  remove.hidden = !url;
  dialog.showModal();
  input.select();
  return new Promise((answer) => {
    const end = new AbortController();
    const close = (value) => {
      end.abort();
      dialog.close();
      answer(value);
    };
    const set = () => {
      const link = linkOf(input.value);
      if (link) return close(link);
      problem.textContent = "A link begins with https://, or is a mail address.";
      input.setAttribute("aria-invalid", "true");
      input.focus();
    };
    const acts = { set, cancel: () => close(null), remove: () => close("") };
    const { signal } = end;
    dialog.addEventListener("click", ({ target }) => acts[target.dataset.link]?.(), { signal });
    dialog.addEventListener("cancel", (event) => (event.preventDefault(), close(null)), { signal });
    input.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        set();
      },
      { signal },
    );
  });
}
