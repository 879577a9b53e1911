"""Recordings of real ticks, judged: each tick against the kernel, all of them against one order of the writes."""
