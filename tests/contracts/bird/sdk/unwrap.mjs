// What the client makes of requests to a webhook, and of one that somebody has changed.
import { readFileSync } from "node:fs";
import { BirdClient, BirdWebhookVerificationError } from "@messagebird/sdk";

const { FILE, SECRET } = process.env;
const bird = new BirdClient({
  apiKey: "none",
  baseUrl: "http://127.0.0.1:1",
  webhooks: { secret: SECRET },
});
const heard = JSON.parse(readFileSync(FILE, "utf8"));
const said = {
  events: heard.map(({ body, headers }) => bird.webhooks.unwrap(body, headers)),
};
try {
  bird.webhooks.unwrap(heard[0].body.replace(":", ": "), heard[0].headers);
} catch (error) {
  if (!(error instanceof BirdWebhookVerificationError)) throw error;
  said.changed = error.message;
}
console.log(JSON.stringify(said));
