// The vendor's own package, unmodified; the argument is the id of a message.
// Its hosts for tests are http://kustomer.test and a gateway that gives tokens: `http_proxy` is both.
import sdk from "@kustomer/apps-server-sdk";

const [messageId] = process.argv.slice(2);
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const app = new sdk.KApp({
  app: "enclose_test",
  title: "Test",
  version: "1.0.0",
  clientId: "id",
  clientSecret: "secret",
  url: "http://localhost",
  roles: [],
  iconUrl: "",
  description: "",
  visibility: "private",
  env: "test",
  logger: quiet,
});
const org = app.org("acme");

const made = await org.customers.create({
  name: "Jane Doe",
  externalId: "ext-1",
  emails: [{ email: "jane+sdk@example.com", type: "work" }],
  phones: [{ phone: "+15550100", type: "mobile" }],
  custom: { planStr: "gold" },
});
const updated = await org.customers.update(made.id, { company: "Doe Ltd", tags: ["vip"] });
const refusal = await org.customers
  .create({ externalId: "ext-1" })
  .catch((error) => ({ status: error.response.status, ...error.response.data.errors[0] }));
console.log(
  JSON.stringify({
    made,
    updated,
    found: [
      await org.customers.getById(made.id),
      await org.customers.getByEmail("jane+sdk@example.com"),
      await org.customers.getByExternalId("ext-1"),
      await org.customers.getByPhone("+15550100"),
    ],
    missing: [
      (await org.customers.getById("0".repeat(24))) ?? null,
      (await org.customers.getByEmail("nobody@example.com")) ?? null,
      (await org.messages.getById("0".repeat(24))) ?? null,
    ],
    message: await org.messages.getById(messageId),
    refusal,
  }),
);
