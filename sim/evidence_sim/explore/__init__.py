"""The exhaustive engine: every reachable world within bounds, breadth-first, with the shipped kernel."""
