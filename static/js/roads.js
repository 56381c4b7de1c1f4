// The two roads by which the bytes of a file reach the server: as a form, or in pieces.
//
// Both raise Refused for the server's "no", and Unreachable where there was no answer.

import { headDigest } from "digests";
import { ask, csrfToken, Refused, Unreachable } from "native";

const TUS = { "Tus-Resumable": "1.0.0" };
const PIECE_BYTES = 8 * 1024 * 1024;
const SILENCE = 30_000; // milliseconds without a byte, after which the line counts as dead

/** Send a file as a form straight into its draft; gives how the draft carries it. */
export function sendForm({ draft, file, name, digest, inline, key }, { signal, progress }) {
  const form = new FormData();
  form.append("filename", name);
  if (digest) form.append("sha256", digest);
  if (inline) form.append("inline", "true");
  form.append("file", file, name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const watch = watched(() => request.abort(), reject, signal);
    request.upload.onprogress = ({ loaded, total }) => {
      watch.live();
      progress(Math.floor((file.size * loaded) / total));
    };
    request.onload = () => {
      watch.end();
      const { status } = request;
      if (status === 201) resolve(JSON.parse(request.responseText));
      else reject(refusalOf(status, request.responseText));
    };
    request.onerror = () => {
      watch.end();
      reject(new Unreachable("There is no connection to the server."));
    };
    request.open("POST", `/api/v1/drafts/${draft.id}/attachments`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Idempotency-Key", key);
    request.send(form);
  });
}

/** Have the server keep a place for a file; gives the id of its attachment. */
export async function reserve({ file, name, digest, key }) {
  const facts = { filename: name, filetype: file.type, sha256: digest, head: await headDigest(file) };
  const answer = await ask("POST", "/uploads", {
    headers: {
      ...TUS,
      "Upload-Length": String(file.size),
      "Upload-Metadata": metadata(facts),
      "Idempotency-Key": `${key}-reserve`,
    },
  });
  return answer.headers.get("Enclose-Attachment");
}

/** Send what is missing of a file for which there is a place. */
export async function sendPieces({ file, attachmentId }, { signal, progress }) {
  await import("tus-js-client");
  return new Promise((resolve, reject) => {
    const sending = new window.tus.Upload(file, {
      uploadUrl: `/api/v1${pathOf(attachmentId)}`,
      chunkSize: PIECE_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", csrfToken()),
      onProgress: (sent) => {
        watch.live();
        progress(sent);
      },
      onSuccess: () => {
        watch.end();
        resolve();
      },
      onError: (error) => {
        watch.end();
        const answer = error.originalResponse;
        if (answer?.getStatus()) reject(refusalOf(answer.getStatus(), answer.getBody()));
        else reject(new Unreachable("There is no connection to the server."));
      },
    });
    const watch = watched(() => sending.abort(), reject, signal);
    sending.start();
  });
}

/** How much of a half-done file is there: {sent, size, head}. */
export async function progressOf(attachmentId) {
  const answer = await ask("GET", pathOf(attachmentId), { headers: TUS });
  const head = answer.headers.get("Upload-Metadata")?.match(/(?:^|,)head (\S+)/)?.[1];
  const { offset, length } = await answer.json();
  return { sent: offset, size: length, head: head ? atob(head) : "" };
}

/** Give up a place and what has come of its file. */
export function giveUp(attachmentId) {
  return ask("DELETE", pathOf(attachmentId), { headers: TUS });
}

const pathOf = (attachmentId) => `/uploads/${attachmentId.replace("att_", "upl_")}`;

/** Pairs of a key and a value in base64, without those that are blank. */
function metadata(facts) {
  const pairs = Object.entries(facts).filter(([, value]) => value);
  return pairs.map(([key, value]) => `${key} ${base64(value)}`).join(",");
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function refusalOf(status, body) {
  let error = {};
  try {
    error = JSON.parse(body).error ?? {};
  } catch {
    // an answer of something in between, which speaks no JSON
  }
  return new Refused(status, error);
}

/** Stop what runs when it is told to, or when nothing comes any more. */
function watched(stop, reject, signal) {
  let timer;
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
  };
  const give = (error) => {
    end();
    stop();
    reject(error);
  };
  const aborted = () => give(signal.reason);
  const live = () => {
    clearTimeout(timer);
    timer = setTimeout(() => give(new Unreachable("The line is dead.")), SILENCE);
  };
  signal.addEventListener("abort", aborted);
  live();
  return { live, end };
}
