#!/usr/bin/env bash
# Batch scoring by REST alone, as Microsoft's article and sample scripts do it: curl, jq, the storage account's key.
# Takes the environment of `azureml-emulator env` (either form), API_VERSION, NAME, REGISTERED (the legacy `datasets`,
# or `data`), UPLOAD (a command that puts a file to a container by a connection string). Ends with the predictions.
set -euo pipefail
subscription=00000000-0000-0000-0000-000000000001
group=$AZUREML_ARM_ENDPOINT/subscriptions/$subscription/resourceGroups/local
ws=$group/providers/Microsoft.MachineLearningServices/workspaces/local
token() {
    curl -sS --fail "$AZURE_AUTHORITY_HOST/$AZURE_TENANT_ID/oauth2/token" -d grant_type=client_credentials \
        -d client_id="$AZURE_CLIENT_ID" --data-urlencode client_secret="$AZURE_CLIENT_SECRET" -d resource="$1" |
        jq -r .access_token
}
TOKEN=$(token https://management.azure.com/)
SCORING_TOKEN=$(token https://ml.azure.com)
arm() { # method, address without api-version, body
    curl -sS --fail-with-body -X "$1" "$2?api-version=${4:-$API_VERSION}" -H "Authorization: Bearer $TOKEN" \
        -H "Content-Type: application/json" ${3:+--data-raw "$3"}
}
score() { # method, address, body
    curl -sS --fail-with-body -X "$1" "$2" -H "Authorization: Bearer $SCORING_TOKEN" \
        -H "Content-Type: application/json" ${3:+--data-raw "$3"}
}
wait_for() { # the answer of a PUT, whose operation is polled
    local operation
    operation=$(jq -r .properties.properties.AzureAsyncOperationUri <<< "$1")
    until [ "$(curl -sS --fail-with-body "$operation" -H "Authorization: Bearer $TOKEN" | jq -r .status)" = Succeeded ]; do
        sleep 0.1
    done
}

datastore=$(arm GET "$ws/datastores/workspaceblobstore" "")
container=$(jq -r .properties.containerName <<< "$datastore")
account=$(arm GET "$ws" "" | jq -r .properties.storageAccount)
account_url=$AZUREML_ARM_ENDPOINT$account
key=$(arm POST "$account_url/listKeys" "" 2021-04-01 | jq -r '.keys[0].value')
blobs=$(arm GET "$account_url" "" 2021-04-01 | jq -r .properties.primaryEndpoints.blob)
export AZURE_STORAGE_CONNECTION_STRING="AccountName=${account##*/};AccountKey=$key;BlobEndpoint=$blobs"
$UPLOAD "$container" "$NAME/code/score.py" $'def run(batch):\n    return [open(path).read().strip() for path in batch]\n'
$UPLOAD "$container" "$NAME/model/weights.txt" 42
$UPLOAD "$container" "$NAME/data/1.txt" one
$UPLOAD "$container" "$NAME/data/2.txt" two

arm PUT "$ws/codes/$NAME/versions/1" "{\"properties\": {
  \"description\": \"Score code\", \"codeUri\": \"$blobs$container/$NAME/code\",}}" > /dev/null
arm PUT "$ws/models/$NAME/versions/1" "{\"Properties\": {
  \"ModelUri\": \"azureml://subscriptions/$subscription/resourceGroups/local/workspaces/local/datastores/workspaceblobstore/paths/$NAME/model\"}}" > /dev/null
arm PUT "$ws/environments/$NAME/versions/1" "$(jq -n '{properties: {image: "mcr.microsoft.com/azureml/minimal",
  condaFile: "dependencies:\n- python=3.11\n"}}')" > /dev/null
arm PUT "$ws/computes/rest-cluster" '{"properties": {"computeType": "AmlCompute", "properties": {"osType": "Linux",
  "vmSize": "STANDARD_D2_V2", "scaleSettings": {"maxNodeCount": "5", "minNodeCount": "0",}}}, "location": "eastus"}' > /dev/null
endpoint=$(arm PUT "$ws/batchEndpoints/$NAME" '{"properties": {"authMode": "aadToken"}, "location": "eastus"}')
wait_for "$endpoint"
id=${ws#"$AZUREML_ARM_ENDPOINT"}
wait_for "$(arm PUT "$ws/batchEndpoints/$NAME/deployments/nonmlflowedp" "{\"Location\": \"eastus\", \"Properties\": {
  \"Model\": {\"ReferenceType\": \"Id\", \"AssetId\": \"$id/models/$NAME/versions/1\"},
  \"CodeConfiguration\": {\"CodeId\": \"$id/codes/$NAME/versions/1\", \"ScoringScript\": \"score.py\"},
  \"EnvironmentId\": \"$id/environments/$NAME/versions/1\", \"Compute\": \"$id/computes/rest-cluster\",
  \"Resources\": {\"InstanceCount\": \"1\"}, \"MaxConcurrencyPerInstance\": \"2\", \"MiniBatchSize\": \"1\",
  \"RetrySettings\": {\"MaxRetries\": \"3\", \"Timeout\": \"PT30S\"}, \"ErrorThreshold\": \"10\",
  \"LoggingLevel\": \"info\",}}")"
wait_for "$(arm PUT "$ws/batchEndpoints/$NAME" '{"properties": {"authMode": "aadToken",
  "defaults": {"deploymentName": "nonmlflowedp"},}, "location": "eastus"}')"
scoring=$(jq -r .properties.scoringUri <<< "$endpoint")

if [ "$REGISTERED" = datasets ]; then
    asset='{"properties": {"paths": [{"folder": "azureml://datastores/workspaceblobstore/paths/'$NAME'/data"}]}}'
else
    asset='{"properties": {"dataType": "uri_folder", "dataUri": "'$blobs$container/$NAME'/data"}}'
fi
arm PUT "$ws/$REGISTERED/$NAME/versions/1" "$asset" > /dev/null
for dataset in "{\"dataInputType\": \"DataUrl\", \"Path\": \"$blobs$container/$NAME/data\"}" \
    "{\"DataInputType\": \"DatasetVersion\", \"DatasetName\": \"$NAME\", \"DatasetVersion\": \"1\",}"; do
    job=$(score POST "$scoring" "{\"properties\": {\"dataset\": $dataset, \"outputFileName\": \"out.csv\",}}" | jq -r .id)
    status=
    until [ "$status" = Completed ]; do
        status=$(score GET "$scoring/${job##*/}" "" | jq -r .properties.status)
        case $status in Failed | Canceled) echo "the job is $status" >&2 && exit 1 ;; *) sleep 0.1 ;; esac
    done
    region=$(curl -sS --fail-with-body "$(arm GET "$ws" "" | jq -r .properties.discoveryUrl)" | jq -r .api)
    step=$(curl -sS --fail-with-body "$region/history/v1.0$id/runs/${job##*/}/children" -H "Authorization: Bearer $TOKEN" |
        jq -r '.value[0].runId')
    sas=$(arm POST "$ws/datastores/workspaceblobstore/listSecrets" "" | jq -r .sasToken)
    curl -sS --fail-with-body "$blobs$container/azureml/$step/score/out.csv?$sas" | sort
done
echo "$scoring"
