// Loaded into Azurite with --require.
const { randomBytes } = require("node:crypto");
const path = require("node:path");
const azurite = path.dirname(process.argv[1]);

// Its standard input is a pipe from the emulator, so the pipe's end means that the emulator is gone, even by
// SIGKILL: Azurite then saves its index and leaves.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
process.stdin.unref();

// Azurite signs user delegation keys with a seed that its source shows, so that anybody could sign for any
// container. This one is known to nobody.
const constants = require(path.join(azurite, "utils", "constants.js"));
if (!("USERDELEGATIONKEY_SIGNING_SEED" in constants)) throw new Error("Azurite keeps its signing seed elsewhere.");
constants.USERDELEGATIONKEY_SIGNING_SEED = randomBytes(32).toString("base64");

// With --disableTelemetry its telemetry is not used, but loading it is most of the start: nothing takes its place.
// Whatever used it all the same would fail loudly.
const unused = require.resolve("applicationinsights", { paths: [azurite] });
require.cache[unused] = { id: unused, filename: unused, loaded: true, children: [], paths: [], exports: {} };
