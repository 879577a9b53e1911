"""The proof: an inductive invariant over rows that the kernel itself gives, for any number of ticks and faults.

`seen` and `rows` call the kernel and know no solver; `model` and what follows say it to Z3.
"""
