// Sends the forms of the browsable API, and shows the answer where the page shows its own.

const section = document.querySelector(".doing");

function bodyOf(form) {
  if (form.dataset.type === "json") {
    return { body: form.elements.body.value, headers: { "Content-Type": "application/json" } };
  }
  if (form.dataset.type === "none") return { headers: {} };
  const filled = new FormData();
  for (const [name, value] of new FormData(form)) {
    // What nobody filled in is left out: an empty text is not the same as none.
    if (value instanceof File ? value.name : value !== "") filled.append(name, value);
  }
  return { body: filled, headers: {} };
}

function plainAnswer(form, response, text) {
  const answer = document.createElement("section");
  answer.id = "answer";
  answer.tabIndex = -1;
  const asked = document.createElement("p");
  asked.textContent = `${form.dataset.method} ${form.dataset.path} ${response.status}`;
  const content = document.createElement("pre");
  content.className = "json";
  content.textContent = text;
  answer.append(asked, content);
  return answer;
}

async function send(form) {
  const { body, headers } = bodyOf(form);
  const response = await fetch(form.dataset.path, {
    method: form.dataset.method,
    body,
    headers: { ...headers, Accept: "text/html", "X-CSRFToken": section.dataset.csrf },
  });
  const text = await response.text();
  const page = new DOMParser().parseFromString(text, "text/html");
  const answer = page.querySelector("#answer") ?? plainAnswer(form, response, text);
  document.querySelector("#answer").replaceWith(answer);
  answer.focus({ preventScroll: true });
  answer.scrollIntoView({ block: "start" });
}

section?.addEventListener("change", ({ target }) => {
  if (target.name === "example") target.form.elements.body.value = target.value;
});

section?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  button.disabled = true;
  try {
    await send(event.target);
  } catch {
    const answer = document.querySelector("#answer");
    answer.replaceChildren("There was no answer: is the server running?");
    answer.scrollIntoView({ block: "start" });
  } finally {
    button.disabled = false;
  }
});
