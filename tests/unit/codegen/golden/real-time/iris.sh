#!/usr/bin/env bash
# Client of the real-time endpoint iris: send a request, get the answer.
#
#     bash iris.sh [BODY]
#
# BODY is a file with the request as JSON, or - for standard input; without it an example is sent.
# Needs bash, curl 7.84 or newer and jq.
# The endpoint's key is taken from AZUREML_ENDPOINT_KEY.
set -euo pipefail

scoring_uri='https://iris.westeurope.inference.ml.azure.com/score'
deployment='' # empty: the endpoint's traffic decides
hints='{
  "401": "The key was refused; it may be an old one. Set AZUREML_ENDPOINT_KEY to the present one: az ml online-endpoint get-credentials --name iris",
  "403": "The one who is signed in may not score with this endpoint.",
  "404": "The endpoint iris has no such deployment, or none with traffic.",
  "408": "Scoring took longer than the deployment'\''s request_timeout: send less at once, or allow it more time.",
  "413": "The body is too large: send less at once.",
  "424": "The model'\''s own code failed; its log says why: az ml online-deployment get-logs --endpoint-name iris",
  "429": "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
  "503": "It was sent again a few times, as the service asked, and still refused: try later, or send less at once."
}'
schema='{
  "type": "object",
  "properties": {
    "data": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "sepal length (cm)": {"type": "number"}},
        "required": ["name", "sepal length (cm)"]
      }
    },
    "flag": {"type": "boolean"}
  },
  "required": ["data", "flag"]
}'
example='{"data": [{"name": "a", "sepal length (cm)": 5.1}], "flag": true}'

# send URL [options of curl]: set $answer to the answer and $pause to its Retry-After; again after 429 and 503.
# The options in $secret are handed over where no list of processes shows them.
secret=
told='\n%{http_code}|%header{retry-after}|%header{ms-azureml-model-error-reason}'
send() {
    local url=$1 attempt status
    shift
    for attempt in 1 2 3 4 5 6; do
        answer=$(curl --silent --show-error --config - --write-out "$told" "$@" "$url" <<< "$secret") || return
        IFS='|' read -r status pause reason <<< "${answer##*$'\n'}"
        answer=${answer%$'\n'*}
        [[ $pause =~ ^[0-9]+$ ]] || pause=
        case $status in 429 | 503) [ "$attempt" = 6 ] || sleep "${pause:-$((2 ** attempt))}" ;; *) break ;; esac
    done
    [ "$status" -lt 300 ] || refuse "$url" "$status"
}

# refuse URL STATUS: say what $answer says is wrong, and what to do
refuse() {
    local message hint
    message=$(jq --raw-output '.error_description // ((if .error.code? then .error else . end) |
        if .code then "\(.code): \(.message)" else .message // error end)' \
        <<< "$answer" 2> /dev/null) || message=$answer
    hint=$(jq --raw-output --arg status "$2" '.[$status] // ""' <<< "$hints")
    echo "error: ${1%%\?*}: $2 $message${reason:+ ($reason)}. $hint" >&2
    return 1
}

# check JSON SCHEMA PLACE: refuse a value that does not fit the schema, and name the field
check() {
    local wrong
    wrong=$(jq --null-input --raw-output --argjson value "$1" --argjson schema "$2" --arg place "$3" '
        def shown: tojson[:80];
        def wrong($schema; $place):
            if $schema == false then "\($place) is not known"
            elif $schema.type and (type != $schema.type) and ($schema.type != "integer" or type != "number" or . != floor)
            then "\($place) must be of the type \($schema.type), not \(shown)"
            elif $schema.enum and (. as $value | $schema.enum | index([$value]) == null)
            then "\($place) must be one of \($schema.enum | join(", ")), not \(shown)"
            elif type == "number" and (. < ($schema.minimum // -infinite) or . > ($schema.maximum // infinite))
            then "\($place) must be from \($schema.minimum) to \($schema.maximum), not \(.)"
            elif type == "object" then
                (($schema.required // []) - keys | .[] | "\($place).\(.) is missing"),
                (to_entries[] | .key as $key |
                    (if $schema.properties | has($key)? then $schema.properties[$key]
                     elif $schema | has("additionalProperties") then $schema.additionalProperties else {} end) as $inner |
                    .value | wrong($inner; "\($place).\($key)"))
            elif type == "array" then
                (to_entries[] | .key as $index | .value | wrong($schema.items // {}; "\($place)[\($index)]"))
            else empty end;
        [$value | wrong($schema; $place)][0] // ""')
    [ -z "$wrong" ] || { echo "error: $wrong" >&2; return 1; }
}

# score BODY: send a request (as JSON); set $answer to the answer
score() {
    check "$1" "$schema" body
    [ -n "${AZUREML_ENDPOINT_KEY:-}" ] || { echo "error: AZUREML_ENDPOINT_KEY is not set. $(jq --raw-output '.["401"]' <<< "$hints")" >&2; return 1; }
    secret="header = \"Authorization: Bearer $AZUREML_ENDPOINT_KEY\""
    send "$scoring_uri" --header 'Content-Type: application/json' --data-binary "$1" \
        ${deployment:+--header "azureml-model-deployment: $deployment"}
}

case $# in
    0) body=$example ;;
    1) body=$(cat "$1") ;;
    *) echo "usage: bash iris.sh [BODY]" >&2; exit 2 ;;
esac
score "$body"
printf '%s\n' "$answer"
