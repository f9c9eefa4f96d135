"""What depends on the speed of a machine: measured as ratios within one run. `make bench`."""
