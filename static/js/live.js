// Says things to those who listen to the page instead of looking at it.

const said = [];

/** Have a text read out, behind whatever is being said. */
export function announce(text) {
  said.push(text);
  if (said.length === 1) speak();
}

function speak() {
  const line = document.createElement("p");
  line.textContent = said[0];
  document.querySelector("#live").replaceChildren(line);
  setTimeout(() => {
    said.shift();
    if (said.length) speak();
  }, 400); // a text that is replaced at once is not read
}
