// Runs a piece of the document as it stands: node snippet.mjs FILE.
// Its names (fileBlob, inboxId, attachmentId) and the real address come from the environment.
// The last line printed is JSON: every answer that the piece got, the names it left, digests of bytes.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const { HOST, FILE, INBOX, ATTACHMENT } = process.env;
const THEIRS = 'https://api.agentsend.io';

const answers = [];
const send = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  const answer = await send(url.replace(THEIRS, HOST), options);
  const bytes = Buffer.from(await answer.clone().arrayBuffer());
  const isJson = answer.headers.get('content-type') === 'application/json';
  answers.push({
    status: answer.status,
    type: answer.headers.get('content-type'),
    body: isJson ? JSON.parse(bytes) : null,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  return answer;
};

globalThis.fileBlob = new Blob([await readFile(FILE)], { type: 'application/pdf' });
globalThis.inboxId = INBOX;
globalThis.attachmentId = ATTACHMENT;

const AsyncFunction = (async () => {}).constructor;
await new AsyncFunction(await readFile(process.argv[2], 'utf8'))();
console.log(JSON.stringify(answers));
