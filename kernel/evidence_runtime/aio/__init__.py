"""The asyncio form of the runtime."""
