"""AgentSend: inboxes for programs, with files in both directions.

Upload a file, send its id in `attachmentIds`, download what came in through short-lived URLs.
Source: AgentSend, "Attachments" and its reference pages, 2026-11; for what these leave open, the
vendor's public server and SDK of March 2026.

What the documents leave open is decided here:

* Ids are `att_`, `msg_`, `thr_`, `wh_` and `dom_` with 26 letters; an inbox's is a UUID.
* A file belongs to the account: any door's uploads may be attached here, up to 20 to a message,
  together 25 MB. One whose bytes are still on their way holds its message back as `queued`.
* A part `file` without a file name is refused: a form has no way to tell it from a text.
* `DELETE /attachments/{id}` is refused while a draft or a message has the file. Deleting a
  message or an inbox stops nothing that was accepted: it is only not shown any more.
* `status` is that of the least lucky recipient. `queued` includes mail that waits for a file, for
  its time or for another try; `sending` includes mail whose server broke off before its answer,
  which nobody sends again unasked. `delivery` is `dry-run` where mail only goes to the tray.
* `sendsToday` counts what was accepted since midnight UTC, `totalSent` what a server has taken;
  both count the messages that are there, those deleted within 30 days among them.
* A file that came in without a name is called `attachment-2.pdf`: by its place and its type.
* A thread's subject is shown without `Re:` and `Fwd:`.
* Every POST but that of a webhook, whose answer has a secret, honours `Idempotency-Key` for 24
  hours. Only success is remembered.
* Inboxes are never suspended, and domains are added by whoever runs the installation: they are
  listed, always verified, and POST, DELETE and verify answer 404.
* `POST /auth/auto-provision` is off: 403.
* A query or body with a wrong value answers 400, a foreign or mistyped id 404. The signed URL
  belongs to all doors and says no in the native shape: 403 `link_expired`, `signature_invalid`.
* Webhooks are told of `message.*`; `domain.verified` never happens. `message.sent` comes once, when
  the first server has taken a mail; `message.bounced` also of mail that was refused at once or
  given up, for which there is no other word. `data` of what was sent has `status` and `sentAt`, and
  that of an outcome `recipients`, whom it is about. The key of the signature is the secret as it is
  shown, `whsec_` included; `timestamp` is that of the event.
"""
