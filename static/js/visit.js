// Going to another page of the desk without leaving the document, and where one came from.

const PLACE = "enclose.place";

/** Go to a page as a link does. */
export function visit(path) {
  const link = document.createElement("a");
  link.href = path;
  link.hidden = true;
  document.querySelector("#main").append(link);
  htmx.process(link);
  link.click();
}

/** The page at which the person was before they began to write. */
export function lastPlace() {
  return sessionStorage.getItem(PLACE) ?? "/mail/";
}

function remember() {
  const isWriting = document.querySelector("mail-composer");
  if (!isWriting) sessionStorage.setItem(PLACE, location.pathname + location.search);
}

document.body.addEventListener("htmx:afterSettle", remember);
document.body.addEventListener("htmx:historyRestore", remember);
remember();
