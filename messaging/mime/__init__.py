"""Mail as bytes: written as a stream, and read by a scanner of our own."""
