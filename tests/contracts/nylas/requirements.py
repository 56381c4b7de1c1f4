"""What the contract asks for, numbered; tests are named for these numbers (`test_r4_…`)."""

TRAPS = {
    1: "every answer but a download is a JSON object with a body; deletes answer 200",
    2: "errors have one shape everywhere, at unknown paths, 405, 415, 429 and 500 too",
    3: "chunked multipart without Content-Length is read",
    4: "the Python library's TypeError after drafts.create: the draft is there",
    5: "grant_id is in every message and draft, under select too",
    6: "JSON bodies of 4.2 MB are read",
    7: "a message part of more than 2.5 MB is read",
    8: "True and true are the same",
    9: "list filters: repeated, joined by commas, mixed",
    10: "downloads do not look at Accept",
    11: "no trailing slash, no redirect",
    12: "ids are of [A-Za-z0-9_-]; a path that nothing matches is a JSON 404",
    13: "never more than `limit` items, no cursor on the last page",
    14: "a draft is sent by a POST without body or with {}",
    15: 'the part `name="message"; filename=""` is the message',
    16: "request_id in the body and in X-Request-Id are the same",
    17: "an error has request_id, error.type and error.message, all texts",
    18: "schedules come in the envelope",
    19: "a body is read to its end before it is refused",
    20: "two files of one form field are both kept",
}

TRANSPORT = {
    21: "only Authorization: Bearer; 401 without, in the shape",
    22: "a body of another type is refused in the documented words",
    23: "NaN and Infinity are no JSON",
    24: "a grant is an id, grant:<id>, an address, email:<address>, encoded or not, in any case",
    25: "unknown query parameters are ignored (§3)",
}

ENVELOPE = {
    26: "an object is {request_id, data}; send has grant_id beside them",
    27: "a list is {request_id, data: [...], next_cursor?}",
    28: "every row of the table of errors",
}

OBJECTS = {
    29: "EmailName; the name is empty when unknown",
    30: "Attachment: eight keys, never content",
    31: "Message: its keys and types, empty lists and not null",
    32: "Draft: as Message, object draft",
    33: "Scheduled message",
    34: "Grant, and the list of grants with limit and offset",
    35: "Folder, and its routes",
    36: "Thread, and its routes",
}

ENDPOINTS = {
    37: "drafts: list, find, create, update, destroy",
    38: "a sent draft is a message, and no draft any more",
    39: "messages: list, find, update, destroy (to trash; hard_delete)",
    40: "messages.send: to is required",
    41: "send, schedules and clean are no message ids",
    42: "from: one pair, the grant's by default; from_ is an alias on drafts",
    43: "PUT: what is left out stays, what is given replaces, metadata and lists whole",
    44: "PUT attachments: [] removes all, left out keeps ids and bytes; a message part may be {}",
    45: "reply_to_message_id sets In-Reply-To, References and the thread",
}

BODIES = {
    46: "JSON attachments: base64 with padding, CR and LF allowed between, else 400",
    47: "filename is required; the type is guessed when it is missing",
    48: "the message part is called message, or draft; missing or no object is 400",
    49: "file names: UTF-8, %22 undone",
    50: "the field name is the content id, file0 too",
    51: "?type=mime: recipients, subject, bodies and files from the source; Bcc does not leave",
}

ATTACHMENTS = {
    52: "message_id is required, of a message or a draft; another one is a 404",
    53: "is_inline: the body's cid: decides, a given value wins",
    54: "content_disposition: the client's, else made",
    55: "two files may have one name",
    56: "files of no bytes",
    57: "metadata says what the message's entry says",
    58: "download: the exact bytes, octet-stream, length and name",
}

LIMITS = {
    59: "JSON: decoded files and the rest at most 3 145 728 bytes, raw 4 500 000; else 400",
    60: "form: at most 26 214 400 bytes, else 413; nothing is kept",
    61: "metadata: 50 pairs, keys of 40, values of 500 characters, texts only",
    62: "tracking_options: label 2048, domain_name 253",
    63: "send rate by grant: JSON and multipart",
    64: "limit 1 to 200, any_email 25 addresses, clean 20 ids",
}

LISTS = {
    65: "newest first; the token is opaque, a bad one is 400",
    66: "subject, any_email, to, from, cc, bcc",
    67: "in, unread, starred, thread_id, received_before, received_after, has_attachment",
    68: "metadata_pair: key1 to key5, alone",
    69: "fields: standard, headers (all, basic), tracking options, raw_mime",
    70: "select: named fields, and grant_id",
}

SCHEDULES = {
    71: "send_at: 1 minute to 30 days ahead; use_draft only with it, and without the upper bound",
    72: "202 with schedule_id and send_at, in data and beside it",
    73: "schedules: list, find, stop until 10 seconds before",
    74: "a scheduled message is in no list before it was sent",
}

FEATURES = {
    75: "Idempotency-Key on messages/send",
    76: "metadata of a draft goes to its message; keys as they are",
    77: "tracking_options are kept",
    78: "custom_headers go into the mail; CR, LF and bad names are 400",
    79: "is_plaintext: no HTML part",
    80: "clean",
}

REQUIREMENTS = {
    **TRAPS,
    **TRANSPORT,
    **ENVELOPE,
    **OBJECTS,
    **ENDPOINTS,
    **BODIES,
    **ATTACHMENTS,
    **LIMITS,
    **LISTS,
    **SCHEDULES,
    **FEATURES,
}
