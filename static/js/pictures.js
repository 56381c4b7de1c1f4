// The pictures in a text: on their way, shown by their Content-ID, and what becomes of their files.

import { announce } from "live";
import { toast } from "toast";
import { uploads } from "uploads";

const PATIENCE = 1200; // milliseconds between taking a picture out and putting it in elsewhere
const WIDEST = 640; // CSS pixels of a picture that comes into a text
const LOOKS = "max-width:100%;height:auto";

/** The pictures of one draft, which go on while its page is not there. */
export class Pictures {
  static #all = new WeakMap();

  root; // where the text is, or was
  quote = ""; // what is folded away below it, as it is saved
  #draft;
  #uploads = new Map(); // key -> upload
  #seen = new Map(); // Content-ID -> how the draft carried it
  #shown = new Set(); // Content-IDs in the text
  #taken = new Map(); // Content-ID -> where its picture was, whose file somebody has taken out
  #timers = new Map();
  #count = 0;
  #changed = () => {};

  static of(draft) {
    if (!this.#all.has(draft)) this.#all.set(draft, new Pictures(draft));
    return this.#all.get(draft);
  }

  constructor(draft) {
    this.#draft = draft;
    draft.addEventListener("files", () => this.#filesChanged());
    this.#remember();
  }

  /** Whether the text waits for pictures that are on their way. */
  get areComing() {
    return this.#uploads.size > 0;
  }

  /** Have the pictures of this text; `changed` is called when one of them is another. */
  look(root, changed) {
    this.root = root;
    this.#changed = changed;
    this.#shown = this.#inText();
  }

  /** Make those pictures again whose files were made plain attachments. */
  bringBack() {
    for (const cid of this.#inText()) this.#comeBack(cid);
  }

  /** Where a picture is to be had, by its Content-ID; "" when the draft has none of it. */
  url(cid) {
    const file = this.#seen.get(cid);
    return file ? `/api/v1/attachments/${file.id}/content?inline=true` : "";
  }

  /** Put in pictures that are files: shown at once, and uploaded. `insert` places an element. */
  add(files, insert) {
    for (const file of files) {
      const picture = document.createElement("img");
      picture.src = URL.createObjectURL(file);
      this.#upload(picture, file);
      insert(picture);
    }
    this.#changed();
  }

  /** Put in a picture whose file the draft carries. */
  async place(file, insert) {
    const carried = file.inline && file.content_id ? file : await this.#draft.editFile(file.id, { inline: true });
    this.#seen.set(carried.content_id, carried);
    if (this.#pictures(carried.content_id).length) return;
    const picture = document.createElement("img");
    picture.dataset.cid = carried.content_id;
    picture.alt = carried.filename;
    picture.src = this.url(carried.content_id);
    size(picture);
    insert(picture);
    this.#changed();
  }

  /** Let the draft carry a picture's file as a plain attachment, and take it out of the text. */
  async takeOut(file) {
    await this.#draft.editFile(file.id, { inline: false });
    this.#pictures(file.content_id).forEach((one) => one.remove());
    this.#changed();
  }

  /** Make all pictures plain attachments: the text is to be plain. Gives how many. */
  async takeAllOut() {
    const inline = (this.#draft.attachments ?? []).filter((file) => file.inline);
    for (const { id } of inline) await this.#draft.editFile(id, { inline: false });
    return inline.length;
  }

  /** See what the text shows now. */
  textChanged() {
    this.#mend();
    const now = this.#inText();
    for (const cid of now) {
      clearTimeout(this.#timers.get(cid));
      if (!this.#shown.has(cid)) this.#comeBack(cid);
    }
    for (const cid of this.#shown) {
      if (!now.has(cid)) this.#leave(cid);
    }
    this.#shown = now;
    for (const [key, upload] of this.#uploads) {
      if (!this.root.querySelector(`img[data-upload="${key}"]`)) this.#abandon(key, upload);
    }
  }

  // On their way ---------------------------------------------------------------------------------

  #upload(picture, file) {
    const key = String(++this.#count);
    const url = picture.src;
    const upload = uploads.add(this.#draft, file, { inline: true });
    picture.dataset.upload = key;
    picture.alt = upload.name ?? file.name;
    size(picture);
    this.#uploads.set(key, upload);
    upload.addEventListener("removed", () => this.#forget(key, url));
    upload.promise.then((enclosure) => this.#arrived(key, enclosure, url), () => this.#forget(key, url));
  }

  #arrived(key, enclosure, url) {
    this.#seen.set(enclosure.content_id, enclosure);
    for (const picture of this.root.querySelectorAll(`img[data-upload="${key}"]`)) {
      delete picture.dataset.upload;
      picture.dataset.cid = enclosure.content_id;
      picture.alt = enclosure.filename;
      picture.src = this.url(enclosure.content_id);
    }
    this.#uploads.delete(key);
    this.#arrivals.set(url, enclosure.content_id);
    URL.revokeObjectURL(url);
    this.#changed();
  }

  #arrivals = new Map(); // what was shown while it was on its way -> Content-ID

  #forget(key, url) {
    if (!this.#uploads.delete(key)) return;
    this.root.querySelectorAll(`img[data-upload="${key}"]`).forEach((one) => one.remove());
    URL.revokeObjectURL(url);
    this.#changed();
  }

  #abandon(key, upload) {
    setTimeout(() => {
      const isThere = this.root.querySelector(`img[data-upload="${key}"]`);
      if (!isThere && this.#uploads.has(key)) upload.cancel();
    }, PATIENCE);
  }

  /** What the editor's "undo" brings back may be of before a picture was in; and what was pasted. */
  #mend() {
    for (const picture of this.root.querySelectorAll('img[src^="blob:"]')) {
      const cid = this.#arrivals.get(picture.src);
      if (!cid) continue;
      delete picture.dataset.upload;
      picture.dataset.cid = cid;
      picture.src = this.url(cid);
    }
    for (const picture of this.root.querySelectorAll('img[src^="data:image/"]')) {
      const file = fileOf(picture.src);
      delete picture.dataset.pasted;
      picture.src = URL.createObjectURL(file);
      this.#upload(picture, file);
    }
  }

  // In the text or not ---------------------------------------------------------------------------

  #pictures(cid) {
    return [...this.root.querySelectorAll("img[data-cid]")].filter((one) => one.dataset.cid === cid);
  }

  get #ownCids() {
    return [...this.root.querySelectorAll("img[data-cid]")].map((one) => one.dataset.cid);
  }

  #inText() {
    const quoted = [...this.quote.matchAll(/src="cid:([^"]+)"/g)].map(([, cid]) => cid);
    return new Set([...this.#ownCids, ...quoted]);
  }

  #carried(cid) {
    return (this.#draft.attachments ?? []).find((file) => file.inline && file.content_id === cid);
  }

  #remember() {
    for (const file of this.#draft.attachments ?? []) {
      if (file.content_id) this.#seen.set(file.content_id, file);
    }
  }

  /** A picture whose file was detached is in the text again. */
  #comeBack(cid) {
    const file = this.#seen.get(cid);
    if (!file || this.#carried(cid)) return;
    const entry = { id: file.id, inline: true, content_id: cid, filename: file.filename };
    const isThere = this.#draft.attachments.some(({ id }) => id === file.id);
    const again = isThere ? this.#draft.editFile(file.id, { inline: true }) : this.#draft.attach(entry);
    again.catch((error) => toast(error.message, { kind: "bad" }));
  }

  /** A picture was taken out of the text: so is its file, unless it stands elsewhere in a moment. */
  #leave(cid) {
    clearTimeout(this.#timers.get(cid));
    const timer = setTimeout(async () => {
      const file = this.#carried(cid);
      if (!file || this.#inText().has(cid)) return;
      await this.#draft.detach(file.id);
      toast(`${file.filename} was taken out of the mail.`, {
        seconds: 10,
        action: { label: "Keep it as a file", run: () => this.#keep(file) },
      });
    }, PATIENCE);
    this.#timers.set(cid, timer);
  }

  #keep({ id, filename }) {
    this.#draft.attach({ id, filename }).catch((error) => toast(error.message, { kind: "bad" }));
  }

  /** Somebody has taken a file out of the draft, or put it back: the text follows. */
  #filesChanged() {
    if (!this.root) return;
    let isOther = false;
    for (const cid of new Set(this.#ownCids)) {
      if (this.#carried(cid) || !this.#seen.has(cid) || this.#isKept(cid)) continue;
      this.#taken.set(cid, this.#pictures(cid).map(placeOf));
      this.#pictures(cid).forEach((one) => one.remove());
      this.#shown.delete(cid);
      isOther = true;
    }
    for (const [cid, places] of this.#taken) {
      if (!this.#carried(cid)) continue;
      places.forEach(({ picture, parent, next }) => {
        const home = parent.isConnected ? parent : this.root;
        home.insertBefore(picture, next?.parentNode === home ? next : null);
      });
      this.#taken.delete(cid);
      isOther = true;
    }
    this.#remember();
    if (isOther) this.#changed();
  }

  /** Whether the draft still carries it, but not as a picture of the text: its owner says so. */
  #isKept(cid) {
    return (this.#draft.attachments ?? []).some((file) => file.content_id === cid);
  }
}

/** The picture files among these, and the others. */
export function sorted(files) {
  const arePictures = (file) => /^image\/(?!svg)/.test(file.type);
  return [files.filter(arePictures), files.filter((file) => !arePictures(file))];
}

function placeOf(picture) {
  return { picture, parent: picture.parentNode, next: picture.nextSibling };
}

/** Give a picture its size once that is known, so that nothing jumps when it is loaded again. */
function size(picture) {
  picture.style.cssText = LOOKS;
  const settle = () => {
    if (picture.hasAttribute("width") || !picture.naturalWidth) return;
    const width = Math.min(picture.naturalWidth, WIDEST);
    picture.width = width;
    picture.height = Math.round((picture.naturalHeight * width) / picture.naturalWidth);
  };
  if (picture.complete) settle();
  picture.addEventListener("load", settle, { once: true });
}

function fileOf(address) {
  const [, type, base64] = /^data:([^;,]+)[^,]*,(.*)$/s.exec(address);
  const bytes = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  const ending = type.split("/")[1].replace("jpeg", "jpg").replace(/\W.*/, "");
  return new File([bytes], `image.${ending}`, { type });
}

/** Tell those who listen what has come into the text. */
export function tellPictures(files) {
  announce(files.length === 1 ? `${files[0].name} is in the text.` : `${files.length} images are in the text.`);
}
