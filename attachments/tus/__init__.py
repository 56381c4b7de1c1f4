"""The tus protocol, by which clients send files in pieces and go on after a break.

Version 1.0.0 with the extensions creation, creation-with-upload, expiration, checksum and
termination. Section names in this package are those of its document, "tus resumable upload
protocol 1.0.0" of 25 March 2016. What it leaves open:

* A file is at most as long as the workspace's limit; a length is told at once, never later.
* Of the metadata `filename`, `filetype` and `sha256` mean something here; the rest is given back.
* A piece that is cut off counts as far as it came, unless it has a checksum.
* 423 answers a piece that comes while another is coming, 410 one that comes too late.
* GET tells the same as HEAD, for people and in JSON.
"""
