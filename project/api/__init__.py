"""The conventions of the native API, which every door may use: who asks, errors, paging, bodies."""
