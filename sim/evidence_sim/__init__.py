"""The deterministic world that tries to break the kernel: faults, engines, specimens, reports."""
