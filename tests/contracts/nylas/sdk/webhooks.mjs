// Everything that the client does with webhooks, and what it got; the first one is left.
import Nylas, { NylasApiError, WebhookTriggers } from "nylas";

const { URL: apiUri, KEY: apiKey, HOOK } = process.env;
const { webhooks } = new Nylas({ apiKey, apiUri });
const requestBody = {
  triggerTypes: [WebhookTriggers.MessageCreated, WebhookTriggers.MessageSendSuccess],
  webhookUrl: HOOK,
  description: "First",
  notificationEmailAddresses: ["ops@example.com"],
};
const all = async () => (await webhooks.list()).data.map(({ id }) => id);

const made = (await webhooks.create({ requestBody })).data;
const webhookId = made.id;
const found = (await webhooks.find({ webhookId })).data;
const description = { description: "Second" };
const changed = (await webhooks.update({ webhookId, requestBody: description })).data;
const rotated = (await webhooks.rotateSecret({ webhookId })).data;
const every = { ...requestBody, triggerTypes: Object.values(WebhookTriggers) };
const other = (await webhooks.create({ requestBody: every })).data;
const listed = await all();
const gone = await webhooks.destroy({ webhookId: other.id });
let refused;
try {
  const elsewhere = { ...requestBody, webhookUrl: "http://elsewhere.example" };
  await webhooks.create({ requestBody: elsewhere });
} catch (error) {
  if (!(error instanceof NylasApiError)) throw error;
  refused = [error.statusCode, error.type];
}
console.log(
  JSON.stringify({
    secret: rotated.webhookSecret,
    is_new: rotated.webhookSecret !== made.webhookSecret,
    found: [found.webhookUrl, found.triggerTypes, found.status],
    emails: found.notificationEmailAddresses,
    changed: changed.description,
    listed: JSON.stringify(listed) === JSON.stringify([other.id, made.id]),
    gone: gone.data.status === "success",
    left: JSON.stringify(await all()) === JSON.stringify([made.id]),
    addresses: (await webhooks.ipAddresses()).data.ipAddresses,
    refused,
  }),
);
