// Client of the real-time endpoint iris: send a request, get the answer.
//
//     node iris-client.mjs [BODY]
//
// BODY is a file with the request as JSON, or - for standard input; without it an example is sent.
// Needs Node 18 or newer and no package.
// The endpoint's key is taken from AZUREML_ENDPOINT_KEY.

import { readFileSync, realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const SCORING_URI = "https://iris.westeurope.inference.ml.azure.com/score";
const DEPLOYMENT = null; // null: the endpoint's traffic decides

const HINTS = {
  401: "The key was refused; it may be an old one. Set AZUREML_ENDPOINT_KEY to the present one: az ml online-endpoint get-credentials --name iris",
  403: "The one who is signed in may not score with this endpoint.",
  404: "The endpoint iris has no such deployment, or none with traffic.",
  408: "Scoring took longer than the deployment's request_timeout: send less at once, or allow it more time.",
  413: "The body is too large: send less at once.",
  424: "The model's own code failed; its log says why: az ml online-deployment get-logs --endpoint-name iris",
  429: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
  503: "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
};
const SCHEMA = {
  "type": "object",
  "properties": {
    "data": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "sepal length (cm)": {"type": "number"}},
        "required": ["name", "sepal length (cm)"],
      },
    },
    "flag": {"type": "boolean"},
  },
  "required": ["data", "flag"],
};
const EXAMPLE = {"data": [{"name": "a", "sepal length (cm)": 5.1}], "flag": true};

/** The request was refused, or does not fit; the message says why and what to do. */
export class EndpointError extends Error {}

/**
 * Send a request; return the answer.
 * @param {{data: {name: string, "sepal length (cm)": number}[], flag: boolean}} body
 * @returns {Promise<number[]>}
 */
export async function score(body) {
  check(body, SCHEMA, "body");
  const headers = { Authorization: `Bearer ${await secret()}`, "Content-Type": "application/json" };
  if (DEPLOYMENT) headers["azureml-model-deployment"] = DEPLOYMENT;
  return (await send(SCORING_URI, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

async function secret() {
  const key = process.env.AZUREML_ENDPOINT_KEY;
  if (!key) throw new EndpointError(`AZUREML_ENDPOINT_KEY is not set. ${HINTS[401]}`);
  return key;
}

const KINDS = {
  object: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
  array: Array.isArray,
  integer: Number.isInteger,
};

/** Refuse a value that does not fit the schema, and name the field. */
function check(value, schema, place) {
  const refuse = (what) => {
    throw new EndpointError(`${place} ${what}`);
  };
  if (schema === false) refuse("is not known");
  const { type: wanted, minimum = -Infinity, maximum = Infinity } = schema;
  const fits = KINDS[wanted] ?? ((each) => typeof each === wanted);
  if (wanted && !fits(value)) refuse(`must be of the type ${wanted}, not ${JSON.stringify(value).slice(0, 80)}`);
  if (schema.enum && !schema.enum.includes(value)) refuse(`must be one of ${schema.enum}, not ${value}`);
  if (value < minimum || value > maximum) refuse(`must be from ${minimum} to ${maximum}, not ${value}`);
  if (KINDS.object(value)) {
    for (const name of schema.required ?? []) if (!(name in value)) throw new EndpointError(`${place}.${name} is missing`);
    for (const [name, each] of Object.entries(value)) {
      check(each, schema.properties?.[name] ?? schema.additionalProperties ?? {}, `${place}.${name}`);
    }
  }
  if (Array.isArray(value)) value.forEach((each, index) => check(each, schema.items ?? {}, `${place}[${index}]`));
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
  const model = answer.headers.get("ms-azureml-model-error-statuscode");
  if (model) message += ` (the model's status ${model}: ${answer.headers.get("ms-azureml-model-error-reason")})`;
  const request = answer.headers.get("x-ms-request-id") ?? "none";
  return `${url.split("?")[0]}: ${answer.status} ${message} (request id ${request}). ${HINTS[answer.status] ?? ""}`.trim();
}

async function main(args) {
  if (args.length > 1) throw new EndpointError("usage: node iris-client.mjs [BODY]");
  const body = args.length ? JSON.parse(readFileSync(args[0] === "-" ? 0 : args[0], "utf8")) : EXAMPLE;
  console.log(JSON.stringify(await score(body)));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error) => {
    console.error(`error: ${error.message}${error.cause ? ` (${error.cause.message})` : ""}`);
    process.exitCode = 1;
  });
}
