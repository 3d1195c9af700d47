#!/usr/bin/env bash
# Client of the batch endpoint digits: start a job, wait for it, fetch its results.
#
#     bash digits.sh DATA FOLDER
#
# DATA is where the data are: azureml://datastores/NAME/paths/PATH, azureml:NAME:VERSION or https://…; a folder,
# unless it ends in an extension. The predictions are saved in FOLDER.
#
# Needs bash, curl 7.84 or newer and jq. It signs in as the service principal that AZURE_TENANT_ID, AZURE_CLIENT_ID
# and AZURE_CLIENT_SECRET name, else as whoever `az login` signed in.
set -euo pipefail

scoring_uri='https://digits.westeurope.inference.ml.azure.com/jobs'
deployment='' # empty: the endpoint's default
workspace='/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/digits/providers/Microsoft.MachineLearningServices/workspaces/digits'
api_version='2024-04-01'
arm='https://management.azure.com'
api='https://westeurope.api.azureml.ms'
datastore='workspaceblobstore' # where results are written
arm_audience='https://management.azure.com'
ml_audience='https://ml.azure.com'
hints='{
  "401": "The token was refused: sign in again, to the tenant of the workspace.",
  "403": "The one who is signed in may not do this: it takes the role AzureML Data Scientist or a higher one.",
  "404": "The endpoint digits, its deployment or the job is not there: see the endpoint in the workspace.",
  "429": "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
  "503": "It was sent again a few times, as the service asked, and still refused: try later, or send less at once."
}'

# send URL [options of curl]: set $answer to the answer and $pause to its Retry-After; again after 429 and 503.
# The options in $secret are handed over where no list of processes shows them.
secret=
told='\n%{http_code}|%header{retry-after}|'
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

# token AUDIENCE
token() {
    if [ -z "${AZURE_CLIENT_SECRET:-}" ]; then
        az account get-access-token --resource "$1" --query accessToken --output tsv
        return
    fi
    local secret
    secret="data = \"client_secret=$(jq --null-input --raw-output 'env.AZURE_CLIENT_SECRET | @uri')\""
    send "${AZURE_AUTHORITY_HOST:-https://login.microsoftonline.com}/$AZURE_TENANT_ID/oauth2/v2.0/token" \
        --data grant_type=client_credentials --data "client_id=$AZURE_CLIENT_ID" --data "scope=$1/.default" || return
    jq --raw-output .access_token <<< "$answer"
}

# call AUDIENCE URL [options of curl]: send a request with a token
call() {
    local secret
    secret=$(token "$1") || return
    secret="header = \"Authorization: Bearer $secret\""
    send "$2" --header 'Content-Type: application/json' "${@:3}"
}
# start DATA [TYPE [SETTINGS]]: start a job that scores some data; set $answer to it. TYPE is one of
# UriFolder, UriFile, MLTable; SETTINGS is a JSON object of what the job sets in place of the deployment:
# miniBatchSize, errorThreshold, retrySettings, outputFileName, compute, name, tags, properties
start() {
    local once output body
    once=$(od -x -N 16 /dev/urandom | awk 'NR == 1 { print $2 $3 "-" $4 "-" $5 "-" $6 "-" $7 $8 $9 }')
    output=$workspace/datastores/$datastore/paths/azureml/$once
    body=$(jq --null-input --arg data "$1" --arg type "${2:-UriFolder}" --argjson settings "${3:-{\}}" --arg output "$output" '
        {properties: ($settings + {
            inputData: {data: {jobInputType: $type, uri: $data}},
            outputData: {score: {jobOutputType: "UriFile", uri: $output}}
        })}')
    call "$ml_audience" "$scoring_uri" --data "$body" --header "repeatability_request-id: $once" \
        ${deployment:+--header "azureml-model-deployment: $deployment"}
}

# await_job JOB: wait until it has ended; leave it in $answer when it has completed
await_job() {
    local status
    while call "$ml_audience" "$scoring_uri/$1"; do
        status=$(jq --raw-output .properties.status <<< "$answer")
        case $status in
            Completed) return ;;
            Failed | Canceled)
                call "$arm_audience" "$api/history/v1.0$workspace/runs/$1/details"
                echo "error: job $1 is $status. $(jq --raw-output '.error.error.message // "Its logs say why."' <<< "$answer")" >&2
                return 1
                ;;
        esac
        sleep "${pause:-5}"
    done
    return 1
}

# results JOB FOLDER: save what a completed job (as JSON) wrote into a folder
results() {
    local outputs uri path container query name file
    outputs=$(jq --raw-output '.properties.outputData // {} | .[].uri' <<< "$1")
    for uri in $outputs; do
        path=${uri#*/paths/} path=${path%/}
        open_datastore "$(sed 's|.*datastores/\([^/]*\)/paths/.*|\1|' <<< "$uri")"
        list_blobs "$path" | while read -r name; do
            file=${name#"$path"} file=${file#/}
            file=$2/${file:-${path##*/}}
            case /$file/ in */../*) continue ;; esac
            mkdir -p "$(dirname "$file")"
            send "$container/$(jq --raw-input --raw-output '@uri | gsub("%2F"; "/")' <<< "$name")?$query" --output "$file"
            echo "saved $file"
        done
    done
}

# open_datastore NAME: set $container, and what a request to it needs: $query with its signature, or a token in $secret
open_datastore() {
    local at=$arm$workspace/datastores/$1
    call "$arm_audience" "$at?api-version=$api_version"
    container=$(jq --raw-output '.properties | "\(.protocol)://\(.accountName).blob.\(.endpoint)/\(.containerName)"' <<< "$answer")
    call "$arm_audience" "$at/listSecrets?api-version=$api_version" --data ''
    query=$(jq --raw-output '.sasToken // ""' <<< "$answer") secret=
    [ -n "$query" ] || secret="header = \"Authorization: Bearer $(token https://storage.azure.com)\"
header = \"x-ms-version: 2021-12-02\""
}

# list_blobs PATH: the names of a blob, or of all in a folder
list_blobs() {
    local marker='' asked
    while :; do
        asked="restype=container&comp=list&prefix=$(jq --null-input --raw-output --arg path "$1" '$path | @uri')&marker=$marker"
        send "$container?$asked&$query"
        grep --only-matching '<Name>[^<]*' <<< "$answer" | cut -c 7- |
            sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' |
            while read -r name; do case $name in "$1" | "$1"/*) echo "$name" ;; esac done
        marker=$(sed -n 's|.*<NextMarker>\([^<][^<]*\)</NextMarker>.*|\1|p' <<< "$answer")
        [ -n "$marker" ] || return 0
    done
}

[ $# = 2 ] || { echo "usage: bash digits.sh DATA FOLDER" >&2; exit 2; }
if [[ $1 =~ \.[A-Za-z0-9]+$ ]]; then start "$1" UriFile; else start "$1" UriFolder; fi
job=$(jq --raw-output .name <<< "$answer")
echo "started $job"
await_job "$job"
results "$answer" "$2"
