// Whether the server can be reached. It is looked for until it is there again.

const PAUSES = [500, 1000, 2000, 4000, 8000]; // milliseconds between two looks
const PATIENCE = 8000;

class Connection extends EventTarget {
  isLost = false;

  /** Whether there is an answer now; if not, it is looked for from here on. */
  async check() {
    if (await this.#answers()) return true;
    this.#lose();
    return false;
  }

  /** Wait until there is an answer. */
  async back() {
    while (this.isLost) {
      await new Promise((run) => this.addEventListener("change", run, { once: true }));
    }
  }

  #lose() {
    if (this.isLost) return;
    this.#turn(true);
    this.#look();
  }

  #turn(isLost) {
    this.isLost = isLost;
    this.dispatchEvent(new Event("change"));
  }

  async #look() {
    for (let number = 0; ; number++) {
      await pause(PAUSES[Math.min(number, PAUSES.length - 1)]);
      if (await this.#answers()) break;
    }
    this.#turn(false);
  }

  async #answers() {
    try {
      const signal = AbortSignal.timeout(PATIENCE);
      return (await fetch("/livez", { cache: "no-store", signal })).ok;
    } catch {
      return false;
    }
  }
}

/** A while, or until the window says that there is a network again. */
function pause(milliseconds) {
  return new Promise((run) => {
    setTimeout(run, milliseconds);
    addEventListener("online", run, { once: true });
  });
}

/** The one of this window; event `change`. */
export const connection = new Connection();
addEventListener("offline", () => connection.check());
