"""End to end: the real Pulumi engine, the emulator with its blob service, the real credentials and clients."""
