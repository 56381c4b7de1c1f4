"""The generic Email API at `/api/email`.

It follows the page "Attachment Handling" of that API's documentation and, for what a letter may
have, the beginning of its page on sending; both as of 2026-11. What they leave open is decided
here.

* **Files** of this door are uploads of the workspace that are whole and not past their time, by
  whichever door they came. What came inside a message is not listed; in answers its id is null.
* **Type**: as the part declares it, without parameters. Left out or `application/octet-stream`:
  by the ending of the custom name, then of the original. `.exe` is `application/x-executable`.
* **Checks** of an upload: key, form, size, type, name. A file over 25 MB is counted to its end,
  so that `actualSize` is true; a body over 128 MiB (40 MiB in JSON) counts as announced.
* **Time**: an unused file expires 30 days after its upload and is then unknown, purged or not.
  `expiresAt` stays as it is once an email or a draft uses the file, and is not applied any more.
* **downloadUrl** needs no key and is good until `expiresAt`, of a used file for 24 hours. It is no
  address of this contract: when it has run out, it says so in the shape of the native API.
* **DELETE** hides the file everywhere. Emails keep theirs, sent or not; a draft that has the file
  forbids it: 409 `ATTACHMENT_IN_USE`.
* **Size of an email**: text and html in UTF-8 and the files, raw; over 25 MB is
  `EMAIL_TOO_LARGE`. So a file of exactly 25 MB can be sent, without a body.
* **Send** needs text or html unless there are files; blank ones count as left out. An attachment
  has either `id` or `content`; beside an `id` everything else is ignored, so that what an upload
  answered can be given back whole. The same id twice is sent twice. `from` is an inbox of the
  workspace. All or nothing: what is refused uses no file.
* **status** of an email is `queued` at first; `GET /api/email/messages/{id}` follows it.
  `sentAt` is the time of the call.
* **Idempotency-Key** may go with a send: 24 hours, the same key with the same body gets the same
  answer, with another body 409 `IDEMPOTENCY_CONFLICT`.
* Paging: `limit` over 100 means 100; under 1, or no number, is refused.
* Errors that the page does not name have codes of ours in its shape; see `errors`.
"""
