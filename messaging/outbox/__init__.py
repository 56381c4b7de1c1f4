"""Sending: the claim, the gate, the record, the sweep, and the drain that drives them.

One worker at a time holds a delivery, by a token and a lease. What is committed before the final
dot decides what may be tried again: up to then nothing can have been accepted, after it nothing
is sent again by itself.
"""
