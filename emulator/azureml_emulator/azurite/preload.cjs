// Loaded into Azurite with --require.
const { randomBytes } = require("node:crypto");
const path = require("node:path");

// Its standard input is a pipe from the emulator, so the pipe's end means that the emulator is gone, even by
// SIGKILL: Azurite then saves its index and leaves.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
process.stdin.unref();

// Azurite signs user delegation keys with a seed that its source shows, so that anybody could sign for any
// container. This one is known to nobody.
const constants = require(path.join(path.dirname(process.argv[1]), "utils", "constants.js"));
if (!("USERDELEGATIONKEY_SIGNING_SEED" in constants)) throw new Error("Azurite keeps its signing seed elsewhere.");
constants.USERDELEGATIONKEY_SIGNING_SEED = randomBytes(32).toString("base64");
