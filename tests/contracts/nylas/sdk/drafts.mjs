// Drafts and their files, as a program with the Node library has them; says what it saw.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import Nylas from "nylas";

const nylas = new Nylas({ apiKey: process.env.KEY, apiUri: process.env.URL });
const identifier = process.env.GRANT;
const SMALL = Buffer.from([...Array(256).keys()]);
const LARGE = Buffer.alloc(3_148_800, SMALL);

const digest = (content) => createHash("sha256").update(content).digest("hex");
const file = (content, filename, more = {}) => ({
  filename,
  contentType: "application/octet-stream",
  content,
  size: content.length,
  ...more,
});
const query = (carrier, one) => ({
  identifier,
  attachmentId: one.id,
  queryParams: { messageId: carrier.id },
});

async function drain(stream) {
  const blocks = [];
  for await (const block of stream) blocks.push(block);
  return Buffer.concat(blocks);
}

async function spell(draft) {
  const files = [];
  for (const one of draft.attachments) {
    const content = await nylas.attachments.downloadBytes(query(draft, one));
    files.push([one.filename, one.contentId, one.isInline, one.size, digest(content)]);
  }
  const { object, subject, metadata } = draft;
  return { object, grant_id: draft.grantId, subject, metadata, files };
}

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.statusCode, error.type];
  }
  return null;
}

const said = {};
const small = await nylas.drafts.create({
  identifier,
  requestBody: {
    subject: "Hé ✓",
    body: '<img src="cid:cid1">',
    to: [{ email: "a@example.com", name: "A" }],
    metadata: { camelKey1: "v" },
    trackingOptions: { threadReplies: true },
    customHeaders: [{ name: "X-A", value: "1" }],
    attachments: [
      file(Readable.from([Buffer.from("hello world\n")]), "small.txt", { size: 12 }),
      file(SMALL, "a.png", { contentId: "cid1", isInline: true }),
      file(Buffer.alloc(0), "empty.bin"),
    ],
  },
});
said.requestId = small.requestId;
said.small = await spell(small.data);
const found = await nylas.drafts.find({ identifier, draftId: small.data.id });
said.found = await spell(found.data);
const [, entry] = small.data.attachments;
const metadata = await nylas.attachments.find(query(small.data, entry));
said.metadata = JSON.stringify(metadata.data) === JSON.stringify(entry);
const web = await nylas.attachments.download(query(small.data, entry));
const node = await nylas.attachments.downloadNodeStream(query(small.data, entry));
said.streams = [digest(await drain(web)), digest(await drain(node))];

const update = async (draftId, requestBody) =>
  spell((await nylas.drafts.update({ identifier, draftId, requestBody })).data);
said.updated = await update(small.data.id, { subject: "s2" });
said.replaced = await update(small.data.id, {
  attachments: [file(Buffer.from(SMALL).reverse(), "other.bin")],
});
said.removed = await update(small.data.id, { attachments: [] });

const large = await nylas.drafts.create({
  identifier,
  requestBody: {
    subject: "large one",
    to: [{ email: "a@example.com", name: "A" }],
    metadata: { camelKey1: "v" },
    attachments: [
      file(Readable.from([LARGE]), "big.bin", { size: LARGE.length }),
      file(SMALL, "pïc.png", { contentId: "mycid" }),
      file(Buffer.from("hello").toString("base64"), "b64.txt", { size: 5 }),
      file(Buffer.from("twin"), "twin.png", { contentId: "mycid" }),
    ],
  },
});
said.large = await spell(large.data);
said.largeUpdated = await update(large.data.id, {
  attachments: [file(Buffer.from(LARGE).reverse(), 'new".bin')],
});
const long = "<p>" + "x".repeat(3_200_000);
const bare = await nylas.drafts.update({
  identifier,
  draftId: large.data.id,
  requestBody: { body: long },
});
said.long = [bare.data.body === long, bare.data.attachments.length];

const sent = await nylas.drafts.send({ identifier, draftId: large.data.id });
said.sent = await spell(sent.data);
const message = await nylas.messages.find({ identifier, messageId: sent.data.id });
said.message = await spell(message.data);
said.noDraft = await refused(() => nylas.drafts.find({ identifier, draftId: large.data.id }));
const destroyed = await nylas.drafts.destroy({ identifier, draftId: small.data.id });
said.destroyed = Boolean(destroyed.requestId);
said.gone = await refused(() => nylas.drafts.destroy({ identifier, draftId: small.data.id }));
said.left = (await nylas.drafts.list({ identifier })).data.length;
console.log(JSON.stringify(said));
