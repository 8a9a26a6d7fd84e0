"""What Topeka costs and how fast it is, as counts and as ratios within one run: `make bench`."""
