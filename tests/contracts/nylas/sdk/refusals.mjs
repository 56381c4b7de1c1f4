// What a program with the Node library sees of refusals.
import Nylas from "nylas";

const client = (apiKey) => new Nylas({ apiKey, apiUri: process.env.URL });
const nylas = client(process.env.KEY);
const identifier = process.env.GRANT;
const MIB = 1024 * 1024;

const file = (size, more = {}) => ({
  filename: "a.bin",
  contentType: "a/b",
  content: Buffer.alloc(size, "x"),
  ...more,
});

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    const same = Boolean(error.requestId) && error.requestId === error.headers?.["x-request-id"];
    return [error.constructor.name, error.type, error.statusCode, error.message, same];
  }
  return null;
}

const draft = await nylas.drafts.create({
  identifier,
  requestBody: { subject: "s", attachments: [file(3)] },
});
const draftId = draft.data.id;
const [{ id: attachmentId }] = draft.data.attachments;
const create = (who, attachments) => who.drafts.create({ identifier, requestBody: { attachments } });
const calls = {
  draft: () => nylas.drafts.find({ identifier, draftId: "nothing" }),
  "odd id": () => nylas.drafts.find({ identifier, draftId: "d/1=" }),
  grant: () => nylas.drafts.list({ identifier: "nobody@example.com" }),
  key: () => client("wrong").drafts.list({ identifier }),
  "key and form": () => create(client("wrong"), [file(4 * MIB, { size: 4 * MIB })]),
  "no to": () => nylas.messages.send({ identifier, requestBody: { subject: "s" } }),
  "no recipients": () => nylas.drafts.send({ identifier, draftId }),
  json: () => create(nylas, [file(3 * MIB)]),
  "raw json": () => create(nylas, [file(5 * MIB)]),
  form: () =>
    nylas.drafts.update({
      identifier,
      draftId,
      requestBody: { attachments: [file(27 * MIB, { size: 27 * MIB })] },
    }),
  file: () =>
    nylas.attachments.find({
      identifier,
      attachmentId: "v0:a/b=",
      queryParams: { messageId: draftId },
    }),
  download: () =>
    nylas.attachments.downloadBytes({ identifier, attachmentId, queryParams: { messageId: "x" } }),
  message: () => nylas.messages.find({ identifier, messageId: "<abc/d@x>" }),
};
const said = {};
for (const [name, call] of Object.entries(calls)) said[name] = await refusal(call);
const left = await nylas.drafts.find({ identifier, draftId });
said.left = left.data.attachments.map((one) => one.filename);
await nylas.drafts.destroy({ identifier, draftId });
console.log(JSON.stringify(said));
