// The drafts that a window has. They live on while pages come and go, and after the last one.

/** Drafts by id: going away from one does not end what it is doing. */
export const known = new Map();

/** Drafts of which something is not saved. */
export const unsaved = new Set();

/** The windows of a browser tell each other what they have saved. */
const windows = new BroadcastChannel("drafts");

/** Have the other windows look at a draft, of which there is a new version now. */
export function tellWindows({ id, version }) {
  windows.postMessage({ id, version });
}

windows.addEventListener("message", ({ data: { id, version } }) => {
  const draft = known.get(id);
  if (draft && version > draft.version) draft.reload().catch(() => {});
});

const saveAll = () => unsaved.forEach((draft) => draft.save());

addEventListener("online", saveAll);
addEventListener("pagehide", () => unsaved.forEach((draft) => draft.leave()));
document.addEventListener("visibilitychange", () => document.hidden && saveAll());
addEventListener("beforeunload", (event) => {
  if ([...unsaved].some((draft) => draft.isAtRisk)) event.preventDefault();
});
