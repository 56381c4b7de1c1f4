"""Telling others what happens: who (`endpoints`), in which words (`dialects`), and how it is
queued (`queue`), sent (`drain`, `client`) and kept (`queue`) until they have taken it."""
