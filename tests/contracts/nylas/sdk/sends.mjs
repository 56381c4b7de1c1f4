// Sending, now and later, as a program with the Node library does; says what it saw.
import { createHash } from "node:crypto";
import Nylas from "nylas";

const nylas = new Nylas({ apiKey: process.env.KEY, apiUri: process.env.URL });
const identifier = process.env.GRANT;
const LARGE = Buffer.alloc(3_148_800, "large file ");
const to = [{ email: "a@example.com", name: "A" }];

const digest = (content) => createHash("sha256").update(content).digest("hex");
const file = (content, filename, more = {}) => ({
  filename,
  contentType: "image/png",
  content,
  size: content.length,
  ...more,
});

async function filesOf(message) {
  const files = [];
  for (const one of message.attachments) {
    const content = await nylas.attachments.downloadBytes({
      identifier,
      attachmentId: one.id,
      queryParams: { messageId: message.id },
    });
    files.push([one.filename, one.contentId, one.isInline, digest(content)]);
  }
  return files;
}

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.statusCode, error.type];
  }
  return null;
}

const send = async (requestBody, more = {}) =>
  (await nylas.messages.send({ identifier, requestBody, ...more })).data;
const said = {};
const first = await send({
  subject: "first",
  body: '<img src="cid:pic">',
  to,
  from: [{ email: "agent@acme.test", name: "Agent" }],
  metadata: { camelKey1: "v" },
  attachments: [file(Buffer.from("PNG"), "pic.png", { contentId: "pic" })],
});
said.first = [first.object, first.subject, first.from, first.metadata, await filesOf(first)];

const large = await send({
  subject: "large",
  to,
  replyToMessageId: first.id,
  attachments: [file(LARGE, "big.bin"), file(Buffer.from("x"), "s.png", { contentId: "c" })],
});
said.large = [large.subject, await filesOf(large), large.threadId === first.threadId];

const sendAt = Math.floor(Date.now() / 1000) + 3600;
const later = await send({ subject: "later", to, sendAt });
said.later = [Boolean(later.scheduleId), later.sendAt === sendAt];
const listed = await nylas.messages.listScheduledMessages({ identifier });
said.schedules = listed.data.map((one) => [one.scheduleId === later.scheduleId, one.status.code]);
const scheduleId = later.scheduleId;
const found = await nylas.messages.findScheduledMessage({ identifier, scheduleId });
said.schedule = [found.data.status.code, found.data.status.description];
const stopped = await nylas.messages.stopScheduledMessage({ identifier, scheduleId });
said.stopped = stopped.data.message;
said.unknownSchedule = await refused(() =>
  nylas.messages.findScheduledMessage({ identifier, scheduleId: "x" }),
);

const page = await nylas.messages.list({
  identifier,
  queryParams: { limit: 1, hasAttachment: true, unread: false, anyEmail: ["a@example.com", "z@z.zz"] },
});
said.listed = [page.data.map((one) => one.subject), Boolean(page.nextCursor)];
const headers = { "Idempotency-Key": `key ${sendAt}` };
const once = [];
for (const _ of [1, 2]) once.push((await send({ subject: "once", to }, { overrides: { headers } })).id);
said.once = once[0] === once[1];
console.log(JSON.stringify(said));
