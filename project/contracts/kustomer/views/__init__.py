"""The views: read, call one service, answer."""
