// <file-thumbnail src="…/preview">: a small picture of a file over its icon, once there is one.

const PAUSES = [1000, 2000, 4000, 8000]; // milliseconds before each further question

class FileThumbnail extends HTMLElement {
  connectedCallback() {
    this.stopper = new AbortController();
    this.watcher = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      this.watcher.disconnect();
      this.load().catch(() => {}); // the icon stays
    });
    this.watcher.observe(this);
  }

  disconnectedCallback() {
    this.stopper.abort();
    this.watcher.disconnect();
    if (this.url) URL.revokeObjectURL(this.url);
  }

  /** Ask until it has been drawn: the first who looks makes the server draw it. */
  async load() {
    const picture = await drawn(this.getAttribute("src"), this.stopper.signal);
    if (!picture) return;
    this.url = URL.createObjectURL(picture);
    const image = Object.assign(new Image(), { src: this.url, alt: this.getAttribute("alt") ?? "" });
    this.replaceChildren(image);
  }
}

/** The picture of a file as a Blob; undefined when there is none. */
export async function drawn(url, signal) {
  if (!url) return undefined;
  for (const pause of [...PAUSES, 0]) {
    const answer = await fetch(url, { signal });
    if (answer.status === 200) return answer.blob();
    if (answer.status !== 202 || !pause) return undefined;
    await new Promise((done) => setTimeout(done, pause));
    if (signal?.aborted) return undefined;
  }
  return undefined;
}

customElements.define("file-thumbnail", FileThumbnail);
