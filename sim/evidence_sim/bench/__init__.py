"""Timings in one run: the kernel beside its peers, the engines that judge it, and how their cost grows."""
