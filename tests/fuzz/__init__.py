"""Payloads that nobody meant to send, through every wire format: `make fuzz N=1000000`, or `python -m tests.fuzz --help`.

Half of them are golden examples with a change or several, half are made up in the language of their format. Each has a
number, and the same number with the same seed is the same message anywhere.
"""
