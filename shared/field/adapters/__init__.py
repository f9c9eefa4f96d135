"""Protocols beside Modbus: each in a folder of its own."""
