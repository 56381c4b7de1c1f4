// Finding mail and keeping it in order, as a program with the Node library does.
import Nylas from "nylas";

const nylas = new Nylas({ apiKey: process.env.KEY, apiUri: process.env.URL });
const identifier = process.env.GRANT;

const letter = (subject, to, more = {}) => ({
  subject,
  to: [{ email: to }],
  body: `<p>${subject}</p>`,
  ...more,
});
const send = async (requestBody) =>
  (await nylas.messages.send({ identifier, requestBody })).data;
const subjects = async (queryParams) =>
  (await nylas.messages.list({ identifier, queryParams })).data.map((one) => one.subject);

// Delete what may have to leave before; give whether the answer could be read.
async function destroyed(call) {
  for (let turn = 0; turn < 300; turn += 1) {
    try {
      return Boolean((await call()).requestId);
    } catch (error) {
      if (error.statusCode !== 409) throw error;
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
  return false;
}

const said = {};
const hourAgo = Math.floor(Date.now() / 1000) - 3600;
const metadata = { key1: "v 1", twoWords: "x" };
const one = await send(letter("one a&b/c", "a@example.com", { metadata }));
const two = await send(
  letter("two é", "b@example.com", {
    cc: [{ email: "c@example.com" }],
    customHeaders: [{ name: "X-A", value: "1" }],
    trackingOptions: { opens: true, label: "l" },
  }),
);

said.found = {
  subject: await subjects({ subject: "a&b/c" }),
  "any email": await subjects({ anyEmail: ["c@example.com", "z@example.com"] }),
  to: await subjects({ to: ["a@example.com", "b@example.com"] }),
  metadata: await subjects({ metadataPair: { key1: "v 1" } }),
  thread: await subjects({ threadId: two.threadId }),
  in: await subjects({ in: ["INBOX", "SENT"] }),
  flags: await subjects({ unread: false, starred: false, hasAttachment: false }),
  time: await subjects({ receivedAfter: hourAgo, receivedBefore: hourAgo + 7200 }),
  nothing: await subjects({ starred: true }),
};
const all = [];
for await (const page of nylas.messages.list({ identifier, queryParams: { limit: 2 } })) {
  all.push(...page.data.map((message) => message.subject));
  if (all.length > 9) break;
}
said.pages = all;

const find = async (fields) =>
  (await nylas.messages.find({ identifier, messageId: two.id, queryParams: { fields } })).data;
const { headers } = await find("include_headers");
const wanted = headers.filter((header) => ["X-A", "Subject"].includes(header.name));
said.headers = Object.fromEntries(wanted.map((header) => [header.name, header.value]));
const { trackingOptions } = await find("include_tracking_options");
said.tracking = [trackingOptions.opens, trackingOptions.label];
const { rawMime } = await find("raw_mime");
said.raw = Buffer.from(rawMime, "base64url").includes("X-A: 1\r\n");

const update = async (requestBody) =>
  (await nylas.messages.update({ identifier, messageId: one.id, requestBody })).data;
const changed = await update({ unread: true, starred: true, metadata: { key1: "a" } });
said.changed = [changed.unread, changed.starred, changed.metadata];

const folder = (await nylas.folders.create({ identifier, requestBody: { name: "Invoices" } })).data;
const folderId = folder.id;
said.moved = (await update({ folders: [folderId] })).folders[0] === folderId;
const found = (await nylas.folders.find({ identifier, folderId })).data;
said.folder = [folder.name, folder.object, found.totalCount];
const requestBody = { name: "Bills" };
said.renamed = (await nylas.folders.update({ identifier, folderId, requestBody })).data.name;
said.folders = (await nylas.folders.list({ identifier })).data.map((row) => row.name);

const queryParams = { limit: 5, anyEmail: ["c@example.com"] };
const threads = (await nylas.threads.list({ identifier, queryParams })).data;
const threadId = threads[0].id;
const thread = (await nylas.threads.find({ identifier, threadId })).data;
said.thread = [
  threads.length,
  thread.messageIds.length === 1 && thread.messageIds[0] === two.id,
  thread.latestDraftOrMessage.subject,
  thread.hasDrafts,
];
const starred = { identifier, threadId, requestBody: { starred: true } };
said["thread changed"] = (await nylas.threads.update(starred)).data.starred;
const cleaned = await nylas.messages.cleanMessages({
  identifier,
  requestBody: { messageId: [one.id, two.id] },
});
said.cleaned = cleaned.data.map((message) => message.conversation);

await update({ folders: ["SENT"] });
said["folder destroyed"] = Boolean((await nylas.folders.destroy({ identifier, folderId })).requestId);
said.destroyed = await destroyed(() => nylas.messages.destroy({ identifier, messageId: one.id }));
said["thread destroyed"] = await destroyed(() => nylas.threads.destroy({ identifier, threadId }));
said.left = await subjects({});
said.trash = await subjects({ in: ["TRASH"] });
const grants = (await nylas.grants.list({ queryParams: { limit: 1 } })).data;
said.grants = [grants[0].email, grants[0].provider, grants[0].grantStatus];
console.log(JSON.stringify(said));
