"""The compiled twin of the world: the same actions and verdicts over packed integers, at native speed."""
