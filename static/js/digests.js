// SHA-256 of files, where the browser has it: only on pages that came safely.

export const HEAD_BYTES = 1024 * 1024; // of a file, by which it is known again
const LARGEST = 64 * 1024 * 1024; // the browser wants it in memory as a whole

/** The digest of a file in hex; blank where it costs too much, or cannot be had. */
export async function digestOf(blob) {
  if (!crypto.subtle || blob.size > LARGEST) return "";
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The digest of a file's first part. */
export const headDigest = (file) => digestOf(file.slice(0, HEAD_BYTES));
