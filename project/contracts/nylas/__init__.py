"""Nylas v3: drafts, messages, attachments, and what goes with them, under /v3/grants/<grant>.

Source: Nylas, "Working with email attachments" (as of 2026-11), with the published reference and
the traffic of the official libraries for Python (6.18) and Node (8.4). A grant is an inbox, named
by its id or its address. What these leave open is decided here, once:

* Ids of drafts, messages, threads and attachments are 24 hex characters, a grant's is a UUID. The
  `schedule_id` of a message is its id. `request_id` is what X-Request-Id says.
* Error types come without the prefix `api.`; an unknown grant is a 404, `grant.not_found`.
* JSON: the files decoded and the rest of the body have at most 3 145 728 bytes, the body as it
  comes at most 4 500 000; beyond is a 400. A form: the files and the bodies of the message have at
  most 26 214 400 bytes together; beyond is a 413.
* A file is inline if the HTML body shows its `cid:`, unless the client says `is_inline` itself. A
  change of the body decides anew. In a form the field's name is the content id. Of several files
  with one content id the first has it in the mail; a field's name that cannot stand in a mail does
  not. Answers have both as they came.
* `content_type` comes back as it was given in JSON; a form's loses its parameters. Where it had
  none, `; name="…"` is added.
* `message_id` of the attachment routes takes the id of a draft as well.
* Wrong senders, unknown answered messages and what cannot be sent are a 400; bytes that are still
  on their way are a 423, `resource_blocked`; bytes that were removed are a 404.
* `send_at` of a draft is ignored, and so are `template`, `signature_id` and unknown keys.
  A header may be given once in `custom_headers`. `me` and `external:<id>` name no grant.
  The answer of a send has no `raw_mime`: the message has.
* `?type=mime` takes recipients, subject, bodies, files and free headers from the source and writes
  the mail anew: with a Message-ID of ours, without Bcc. In-Reply-To counts if we have that message.
* A draft that has become a message, sent or scheduled, is none any more.
* Lists go by when a message was accepted or came in; `date` says when it was sent or received.
  Times are compared by the second, and `received_after` means later than that second.
* A scheduled message is listed once a try has been made; before, it is found by its id only. Notes
  and canceled messages are none. What is in the trash is listed with `in` only.
* A message is in one folder, a draft in `DRAFTS`. `INBOX`, `SENT`, `ARCHIVE` and `TRASH` do where
  the id of a folder is asked for. What may still leave is not deleted: 409.
* Threads are found by what one of their messages has; `unread`, `starred` and `has_attachment` are
  of the whole thread; `earliest_message_date` means begun then or later.
* `raw_mime` of a list is null where a file is not to be had; of one message that is refused.
* A stopped schedule is gone; one that came to nothing has the status `failure`.
* `conversation` is text: links, images and marks in Markdown where they are kept.
* A repeat under an Idempotency-Key has a `request_id` of its own. 429 and what is our fault are
  not kept, nor what is wrong with the shape of a request.
* Webhooks may listen to every trigger that the libraries know. Those that occur: `message.created`
  of what came in, and of what was sent once the first server took it; `message.updated` of
  `unread`, `starred`, `folders` and `metadata`, also when it goes to the trash; `message.deleted`
  when it is gone for good; `message.send_success` and `message.send_failed` of what had a
  `send_at`; `message.bounce_detected`, one for each address, its `type` always
  `mailbox_unavailable`; `folder.*`; `grant.created`, `grant.updated`, `grant.deleted`. Not
  `thread.replied`, since replies are not tracked.
* A notification is told again for a day, `webhook_delivery_attempt` stays 1 and the body the same.
  What is longer than 1 MB comes without `body`, its type ends in `.truncated`. `application_id` is
  the workspace. A webhook is not asked for a challenge when it is made: only its signature proves
  who calls. `X-Nylas-Signature` has `webhook_secret` as shown for its key, and a rotated one ends
  at once. Deserted webhooks fail after five days; the owners of the workspace are told, the
  `notification_email_addresses` are only kept. `ip-addresses` names none.
* Every grant is of the provider `imap`, and valid.
"""
