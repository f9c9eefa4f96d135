"""The city that comes with it: field controllers that are real Modbus servers, driven by real hydraulics.

A test rig and a demonstration. Nothing in services/ knows that it exists: a site file with other addresses is all it
takes to run against real hardware.
"""
