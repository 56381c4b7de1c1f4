"""The contract `kustomer`: drafts, their attachments and messages as Kustomer's API has them.

After "Tutorial: Send Attachments with drafts" and the vendor's reference pages for customers,
drafts, attachments and messages, as they were in 2026-11. What these leave open, decided here:

* A draft whose time has come before its files waits for them (`status` "waiting") and then goes
  at once. The tutorial has it go without them: here nothing leaves without its files.
* Errors are an array of the union of the vendor's two forms. `meta` has the limit and the actual
  value where there are two. A parameter of the query is named by `source.parameter`.
* A draft is gone (404) for readers once it is dispatched; whoever still writes to it gets 409
  until its message has left, then 404.
* A note draft has no mail to wait for: it is recorded at once, and a future `sendAt` is refused.
* `scheduled: true` without a time is refused on creation as it is on a PUT; `scheduled: false`
  beside a future `sendAt` of a PUT does not unschedule it, `sendAt: null` does.
* Upload URLs live 60 minutes and end with a name, never with a slash. More bytes than announced
  answer 413, fewer 400, in the shape of `/up`, which all doors share. The ETag is the SHA-256.
* Deleting a draft or one of its attachments deletes the bytes that came for it, unless a message
  has been given them too.
* Messages that are scheduled or wait are not there yet: they are their drafts. Of the others
  `status` is "error" for all that did not reach everybody for sure.
* Subject and preview of a message are notes on its record: the mail stays what was sent.
* A page has 25 rows if nothing is said; more than 100 are refused, not cut.
* An address of a customer that has no type is at "home"; telephones know "mobile" and "fax" too.
* A mail that would be too large answers 413 to the request that sends it.
* `custom` of customers and messages is the `metadata` of the native API.
* Keys need the scope `draft` to write customers and drafts, `send` for whatever makes a mail
  leave or changes a message, `files` for standalone attachments.
"""
