// Everything that the client does with mail, and what it got.
import { createHash } from "node:crypto";
import { BirdAPIError, BirdClient } from "@messagebird/sdk";

const { URL: url, KEY, SENDER } = process.env;
const bird = new BirdClient({ apiKey: KEY, baseUrl: url, maxRetries: 0 });
const pdf = Buffer.from(Array.from({ length: 307200 }, (_, n) => n % 256));
const files = [
  { filename: "Käse.pdf", content: pdf.toString("base64"), content_type: "application/pdf" },
  {
    filename: "b.png",
    content: Buffer.from("\x89PNG\r\n\x1a\n", "latin1").toString("base64"),
    content_id: "logo",
  },
];
const letter = {
  from: { email: SENDER, name: "Acme" },
  to: ["Ann <delivered@messagebird.dev>", { email: "bounce@messagebird.dev" }],
  subject: "Hello {{ name }}",
  html: '<img src="cid:logo">',
  text: "See it.",
};
const send = (fields, options) => bird.email.send({ ...letter, ...fields }, options);

// The class and the facts of what a call throws.
const attempt = async (work) => {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BirdAPIError)) throw error;
    return {
      class: error.constructor.name,
      status: error.statusCode,
      type: error.type,
      code: error.code,
      name: error.errorName ?? null,
      has_request_id: Boolean(error.requestId),
      param: error.param ?? null,
      details: (error.details ?? []).map(({ param, message }) => [param, message]),
    };
  }
  return null;
};

const said = {};
const message = await send({
  attachments: files,
  parameters: { name: "Ann" },
  tags: [{ name: "run", value: "node" }],
  metadata: { order: 1 },
  reply_to: ["desk@acme.test"],
});
said.sent = message;
const found = await bird.email.get(message.id);
said.files = found.attachments.map((one) => [
  one.filename,
  one.content_type,
  one.size,
  one.inline,
  one.content_id,
]);
const [first] = found.attachments;
const answer = await fetch(`${url}/v1/email/messages/${message.id}/attachments/${first.id}`, {
  headers: { Authorization: `Bearer ${KEY}` },
});
said.downloaded = [
  answer.status,
  answer.headers.get("content-type"),
  createHash("sha256").update(Buffer.from(await answer.arrayBuffer())).digest("hex"),
];

const options = { idempotencyKey: "node-1" };
const raws = [];
for (let n = 0; n < 2; n += 1) {
  raws.push(await send({ attachments: files }, options).withResponse());
}
said.replayed = [
  JSON.stringify(raws[0].data) === JSON.stringify(raws[1].data),
  raws.map((raw) => raw.response.headers.get("idempotency-replay")),
  raws.map((raw) => raw.response.status),
];
said.reused = await attempt(() => send({}, options));

const batch = await bird.email.sendBatch([
  { ...letter, attachments: files.slice(0, 1) },
  { ...letter, category: "transactional" },
  { ...letter, scheduled_at: new Date(Date.now() + 3600e3).toISOString() },
]);
said.batch = batch.data.map((one) => [one.status, one.category, Boolean(one.scheduled_at)]);
const scheduled = await bird.email.get(batch.data[2].id);
said.scheduled = scheduled.status;
const canceled = await bird.email.cancel(scheduled.id);
said.canceled = [canceled ?? null, (await bird.email.get(scheduled.id)).status];
said["canceled twice"] = await attempt(() => bird.email.cancel(scheduled.id));

for (let n = 0; n < 5; n += 1) await send({ tags: [{ name: "node-page", value: `p${n}` }] });
const values = [];
for await (const one of bird.email.list({ limit: 2, tag: ["node-page"] })) {
  values.push(one.tags[0].value);
}
const page = await bird.email.list({ limit: 2, tag: ["node-page"] });
said.pages = [page.data.length, page.next_cursor !== null, values];
said.filtered = [
  (await bird.email.list({ tag: ["run:node", "run"], to: "ANN@example.com" })).data.length,
  (await bird.email.list({ tag: ["run:node"], from: SENDER })).data.map(
    (one) => one.id === message.id,
  ),
  (await bird.email.list({ status: "canceled" })).data.map((one) => one.id === scheduled.id),
];

const get = (path) => bird.request({ method: "GET", path });
const recipients = await get(`/v1/email/messages/${message.id}/recipients`);
said.recipients = recipients.data.map((one) => [one.recipient, one.role]);
const events = await get(`/v1/email/messages/${message.id}/events`);
said.events = [...new Set(events.data.map((one) => one.type))].sort();

const suppressions = "/v1/email/suppressions";
const added = await bird.request({
  method: "POST",
  path: suppressions,
  body: { email: "Gone@example.com" },
});
const listed = await get(suppressions);
said.suppressions = [added.email, listed.data.map((one) => one.id).includes(added.id)];
said.suppressed = await attempt(() => send({ to: ["gone@example.com"] }));
await bird.request({ method: "DELETE", path: `${suppressions}/${added.id}` });
said.lifted = (await get(suppressions)).data.map((one) => one.email);

said.invalid = await attempt(() =>
  send({ attachments: [...files, { filename: "a.exe", content: "QUJD" }] }),
);
said.twice = await attempt(() => send({ attachments: [files[1], files[1]] }));
const large = { filename: "a.bin", content: Buffer.alloc(16 * 1024 * 1024).toString("base64") };
said["too large"] = await attempt(() => send({ attachments: [large] }));
said.unknown = await attempt(() => bird.email.get("em_01krdgeqcxet5s7t44vh8rt9mg"));
said["not ours"] = await attempt(() => send({ from: "other@elsewhere.test" }));
said.cursor = await attempt(() => bird.email.list({ starting_after: "x" }));
const stranger = new BirdClient({ apiKey: "bk_us1_nobody", baseUrl: url, maxRetries: 0 });
said.stranger = await attempt(() => stranger.email.get(message.id));
console.log(JSON.stringify(said));
