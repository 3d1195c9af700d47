// Client of the batch endpoint digits: start a job, wait for it, fetch its results.
//
//     node digits-client.mjs DATA FOLDER
//
// DATA is where the data are: azureml://datastores/NAME/paths/PATH, azureml:NAME:VERSION or https://…; a folder,
// unless it ends in an extension. The predictions are saved in FOLDER.
//
// Needs Node 18 or newer and no package. It signs in as the service principal that AZURE_TENANT_ID, AZURE_CLIENT_ID
// and AZURE_CLIENT_SECRET name, else as whoever `az login` signed in.

import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const SCORING_URI = "https://digits.westeurope.inference.ml.azure.com/jobs";
const DEPLOYMENT = null; // null: the endpoint's default
const WORKSPACE = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/digits/providers/Microsoft.MachineLearningServices/workspaces/digits";
const API_VERSION = "2024-04-01";
const ARM = "https://management.azure.com";
const API = "https://westeurope.api.azureml.ms";
const DATASTORE = "workspaceblobstore"; // where results are written
const AUDIENCES = { arm: "https://management.azure.com", ml: "https://ml.azure.com", storage: "https://storage.azure.com" };

const HINTS = {
  401: "The token was refused: sign in again, to the tenant of the workspace.",
  403: "The one who is signed in may not do this: it takes the role AzureML Data Scientist or a higher one.",
  404: "The endpoint digits, its deployment or the job is not there: see the endpoint in the workspace.",
  429: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
  503: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
};

/** The service refused, or the job failed; the message says why and what to do. */
export class EndpointError extends Error {}

/**
 * What one job may set in place of the deployment.
 * @typedef {{miniBatchSize?: number, errorThreshold?: number, retrySettings?: {maxRetries?: number, timeout?: string}, outputFileName?: string, compute?: {instanceCount?: number}, name?: string, tags?: Object<string, string>, properties?: {experimentName?: string}}} Settings
 */

/**
 * Start a job that scores some data; return its name.
 * @param {string} data where the data are
 * @param {string} dataType UriFolder, UriFile, MLTable
 * @param {Settings} settings
 */
export async function start(data, dataType = "UriFolder", settings = {}) {
  const once = randomUUID();
  const headers = { "repeatability_request-id": once };
  if (DEPLOYMENT) headers["azureml-model-deployment"] = DEPLOYMENT;
  const output = `${WORKSPACE}/datastores/${DATASTORE}/paths/azureml/${once}`;
  const properties = {
    ...settings,
    inputData: { data: { jobInputType: dataType, uri: data } },
    outputData: { score: { jobOutputType: "UriFile", uri: output } },
  };
  const answer = await call("POST", SCORING_URI, "ml", { properties }, headers);
  return (await answer.json()).name;
}

/** Wait until a job has ended; return it when it has completed. */
export async function wait(job) {
  for (;;) {
    const answer = await call("GET", `${SCORING_URI}/${job}`, "ml");
    const found = await answer.json();
    const { status } = found.properties;
    if (status === "Completed") return found;
    if (["Failed", "Canceled"].includes(status)) throw new EndpointError(`Job ${job} is ${status}. ${await reason(job)}`);
    await sleep(1000 * (retryAfter(answer) ?? 5));
  }
}

/** Save what a completed job wrote into a folder; return the files. */
export async function results(job, folder) {
  const saved = [];
  for (const output of Object.values(job.properties.outputData ?? {})) {
    const [, datastore, path] = output.uri.match(/datastores\/([^/]+)\/paths\/(.+?)\/*$/);
    const { container, query, headers } = await access(datastore);
    for (const blob of await list(container, path, query, headers)) {
      const parts = blob.slice(path.length).split("/").filter((part) => part && part !== "..");
      const file = join(folder, ...(parts.length ? parts : [basename(path)]));
      const answer = await send(`${container}/${blob.split("/").map(encodeURIComponent).join("/")}?${query}`, { headers });
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
      saved.push(file);
    }
  }
  return saved;
}

/** The container of a datastore, and what a request to it needs: the datastore's signature, or a token. */
async function access(datastore) {
  const at = `${ARM}${WORKSPACE}/datastores/${datastore}`;
  const store = (await (await call("GET", `${at}?api-version=${API_VERSION}`, "arm")).json()).properties;
  const secrets = await (await call("POST", `${at}/listSecrets?api-version=${API_VERSION}`, "arm")).json();
  const container = `${store.protocol}://${store.accountName}.blob.${store.endpoint}/${store.containerName}`;
  if (secrets.sasToken) return { container, query: secrets.sasToken, headers: {} };
  const headers = { Authorization: `Bearer ${await token("storage")}`, "x-ms-version": "2021-12-02" };
  return { container, query: "", headers };
}

/** The blobs of an output: one, or all of a folder. */
async function list(container, path, query, headers) {
  const names = [];
  let marker = "";
  do {
    const asked = new URLSearchParams({ restype: "container", comp: "list", prefix: path, marker });
    const text = await (await send(`${container}?${asked}&${query}`, { headers })).text();
    names.push(...[...text.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name]) => unescapeXml(name)));
    marker = unescapeXml(text.match(/<NextMarker>([^<]*)</)?.[1] ?? "");
  } while (marker);
  return names.filter((name) => name === path || name.startsWith(`${path}/`));
}

function unescapeXml(text) {
  const signs = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, sign) => signs[sign]);
}

async function reason(job) {
  const answer = await call("GET", `${API}/history/v1.0${WORKSPACE}/runs/${job}/details`, "arm");
  return (await answer.json()).error?.error?.message ?? "Its logs say why.";
}

/** Send a request with a token for an audience. */
async function call(method, url, audience, body, headers = {}) {
  const signed = { Authorization: `Bearer ${await token(audience)}`, "Content-Type": "application/json", ...headers };
  return send(url, { method, headers: signed, body: body && JSON.stringify(body) });
}

/** Send a request, again after 429 and 503, no sooner than Retry-After says; throw when it is refused. */
async function send(url, options) {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, options);
    if (answer.ok) return answer;
    if (![429, 503].includes(answer.status) || attempt === 6) throw new EndpointError(await refusal(url, answer));
    await sleep(1000 * (retryAfter(answer) ?? 2 ** attempt));
  }
}

/** The seconds that an answer asks to wait, if it does: a number, or the time until a date. */
function retryAfter(answer) {
  const asked = answer.headers.get("Retry-After");
  if (asked === null) return undefined;
  return Math.max(0, Number.isNaN(Number(asked)) ? (Date.parse(asked) - Date.now()) / 1000 : Number(asked));
}

async function refusal(url, answer) {
  const text = await answer.text();
  let message = text || answer.statusText;
  try {
    const body = JSON.parse(text);
    const error = body.error?.code ? body.error : body;
    const told = error.code ? `${error.code}: ${error.message}` : error.message;
    message = body.error_description ?? told ?? text;
  } catch {
    // not JSON: the text itself
  }
  const request = answer.headers.get("x-ms-request-id") ?? "none";
  return `${url.split("?")[0]}: ${answer.status} ${message} (request id ${request}). ${HINTS[answer.status] ?? ""}`.trim();
}

const tokens = {};

async function token(audience) {
  const known = tokens[audience];
  if (known && known.until > Date.now()) return known.text;
  const text = await newToken(AUDIENCES[audience]);
  tokens[audience] = { text, until: Date.now() + 240_000 };
  return text;
}

async function newToken(audience) {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET } = process.env;
  if (!AZURE_CLIENT_SECRET) {
    const asked = ["account", "get-access-token", "--resource", audience, "--query", "accessToken", "--output", "tsv"];
    return execFileSync("az", asked, { encoding: "utf8" }).trim();
  }
  const authority = process.env.AZURE_AUTHORITY_HOST ?? "https://login.microsoftonline.com";
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: AZURE_CLIENT_ID,
    client_secret: AZURE_CLIENT_SECRET,
    scope: `${audience}/.default`,
  });
  const answer = await send(`${authority}/${AZURE_TENANT_ID}/oauth2/v2.0/token`, { method: "POST", body });
  return (await answer.json()).access_token;
}

async function main(args) {
  if (args.length !== 2) throw new EndpointError("usage: node digits-client.mjs DATA FOLDER");
  const [data, folder] = args;
  const job = await start(data, /\.\w+$/.test(data) ? "UriFile" : "UriFolder");
  console.log(`started ${job}`);
  for (const file of await results(await wait(job), folder)) console.log(`saved ${file}`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error) => {
    console.error(`error: ${error.message}${error.cause ? ` (${error.cause.message})` : ""}`);
    process.exitCode = 1;
  });
}
