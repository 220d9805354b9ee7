"""Public files of measurements, sent over MQTT like any gateway, with an account of every cell.

A mapping file (`mapping.py`) says how a file reads; `reader` makes rows of it, `convert` makes readings of the rows,
`publish` sends them as native payloads, and `account` proves that nothing was lost or made up.
"""
