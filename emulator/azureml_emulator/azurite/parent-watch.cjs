// Loaded into Azurite with --require. Its standard input is a pipe from the emulator, so the pipe's end
// means that the emulator is gone, even by SIGKILL: Azurite then saves its index and leaves.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
process.stdin.unref();
