// Everything that the client does with webhooks, and what it got; the last one is left.
import { BirdClient, BirdValidationError } from "@messagebird/sdk";

const { URL: url, KEY, HOOK } = process.env;
const { webhooks } = new BirdClient({ apiKey: KEY, baseUrl: url, maxRetries: 0 });
const events = ["email.delivered", "email.bounced", "email.received"];
const all = async (query) => {
  const ids = [];
  for await (const one of webhooks.list(query)) ids.push(one.id);
  return ids;
};

const made = await webhooks.create({ url: HOOK, events, description: "First" });
const found = await webhooks.get(made.id);
const changed = await webhooks.update(made.id, { description: "Second", status: "paused" });
const rotated = await webhooks.rotateSecret(made.id);
const tested = await webhooks.test(made.id);
const active = await webhooks.update(made.id, { status: "active" });
const attempts = await webhooks.attempts(made.id);
const other = await webhooks.create({ url: HOOK, events: ["sms.received"] });
const listed = await all({ limit: 1 });
await webhooks.delete(other.id);
let refused;
try {
  await webhooks.create({ url: "http://elsewhere.example", events: ["email.lost"] });
} catch (error) {
  if (!(error instanceof BirdValidationError)) throw error;
  refused = error.details.map(({ param }) => param).sort();
}
console.log(
  JSON.stringify({
    id: made.id,
    secret: rotated.secret,
    is_new: made.secret !== rotated.secret,
    found: [found.url, found.events, found.status],
    changed: [changed.description, changed.status, active.status],
    tested: [tested.status, tested.response_status_code],
    attempts: attempts.data.length,
    listed: JSON.stringify(listed) === JSON.stringify([other.id, made.id]),
    left: JSON.stringify(await all()) === JSON.stringify([made.id]),
    refused,
  }),
);
