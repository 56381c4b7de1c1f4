"""The desk: the pages at which people read, write, attach and send.

A door like those of programs: each page reads, calls the core, and answers with HTML. Everything
works without JavaScript; with it, pages use the native API.
"""
