"""Bird's email messages, batches and attachments.

Source: Bird, "Attachments", with the pages that it points to (sending email, bulk sending, testing
sandbox, suppressions, errors, idempotency, pagination); read in 2026-11.

What these leave open is decided here:

* **Who may send.** `from` is the address of an inbox of the workspace, or a sub-address of it;
  any other is 422 `DomainNotVerified`.
* **Limits.** 20 MB is 20 × 1024 × 1024 bytes. More than 20 attachments, and `path`, are 422. Base64
  has its padding; white space in it is passed over, a `data:` prefix is not.
* **Types.** `content_type` stands as it is given; without it the file's ending decides, and an
  unknown ending is `application/octet-stream`. What the bytes look like does not count.
* **Categories.** A send without `category` is `marketing`, so that every suppression applies.
* **Parameters.** With `parameters`, `{{ name }}` in subject, text and HTML becomes the value, in
  HTML escaped; a missing one becomes nothing. Other tags of a template language stay as they are,
  and stored templates do not exist here: 422.
* **Answers.** `In-Reply-To` and `References` among the headers join the conversation of the mail
  that they name, if it is here. Other headers that we write ourselves are refused.
* **Tracking.** Opens and clicks are not tracked: the flags are given back, the counts are 0.
* **Sandbox.** Mail to `@messagebird.dev` never leaves. An address there that the sandbox does not
  know bounces. No suppression follows.
* **Reserved domains.** `example.com` and its like are recipients as others, unless
  `BIRD_REFUSES_RESERVED_DOMAINS` is set.
* **Statuses.** What a recipient's server took is `delivered`. A sending in doubt (the connection
  broke behind the final dot) is `processed`. What was given up without an answer is `rejected`.
* **Events** are told of recipients as they are now: of several deferrals the last one.
* **Mail of other doors** is listed as well: what they sent, not what they received or only
  recorded, nor what is in the trash. Their tags are shown where they read `name:value`, their
  files kept as long as they are; a message without a subject or without `to` shows a stand-in,
  because clients need one.
* **Webhooks** may listen to every type that the libraries know. Those that occur are told of each
  recipient: `email.accepted`, `email.delivered`, `email.deferred`, `email.bounced`,
  `email.rejected`, `email.processed` of a sending in doubt, `email.out_of_band_bounce` of what was
  reported after a server had taken it, `email.complained`; and once: `email.scheduled`,
  `email.canceled`, `email.received`, `email_suppression.created`. They come for a day until they
  are taken. What a recipient's server says is told once, as it is when it is told.
* **Their secrets.** A rotated one signs beside the new one for 24 hours; there are two at most.
  No answer with a secret is kept for its Idempotency-Key: a repeat makes another.
* **Their limits.** A description has 255 characters. There are neither mailboxes to filter by nor
  connectors: 422. What is paused, by hand or after five days in vain, is replayed once it is
  active: 409 before. A replay reaches 30 days back; `event_id` is that of `webhook-id`.
* **Errors.** Codes from E90000 are ours. Stored answers of an Idempotency-Key carry the request id
  of the first request. Unknown fields and query parameters are passed over.
"""
