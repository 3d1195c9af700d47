# Client of the batch endpoint digits: start a job, wait for it, fetch its results.
#
#     Rscript digits_client.R DATA FOLDER
#
# DATA is where the data are: azureml://datastores/NAME/paths/PATH, azureml:NAME:VERSION or https://…; a folder,
# unless it ends in an extension. The predictions are saved in FOLDER.
#
# Needs the packages httr2 and jsonlite. It signs in as the service principal that AZURE_TENANT_ID, AZURE_CLIENT_ID and
# AZURE_CLIENT_SECRET name, else as whoever `az login` signed in.

library(httr2)
library(jsonlite)

SCORING_URI <- "https://digits.westeurope.inference.ml.azure.com/jobs"
DEPLOYMENT <- NULL # NULL: the endpoint's default
WORKSPACE <- "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/digits/providers/Microsoft.MachineLearningServices/workspaces/digits"
API_VERSION <- "2024-04-01"
ARM <- "https://management.azure.com"
API <- "https://westeurope.api.azureml.ms"
DATASTORE <- "workspaceblobstore" # where results are written
ARM_AUDIENCE <- "https://management.azure.com"
ML_AUDIENCE <- "https://ml.azure.com"

HINTS <- list(
  "401" = "The token was refused: sign in again, to the tenant of the workspace.",
  "403" = "The one who is signed in may not do this: it takes the role AzureML Data Scientist or a higher one.",
  "404" = "The endpoint digits, its deployment or the job is not there: see the endpoint in the workspace.",
  "429" = "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
  "503" = "It was sent again a few times, as the service asked, and still refused: try later, or send less at once."
)

# Start a job that scores some data; return its name. `data_type` is one of UriFolder, UriFile, MLTable;
# `settings` is a list of what the job sets in place of the deployment:
# miniBatchSize, errorThreshold, retrySettings, outputFileName, compute, name, tags, properties
start <- function(data, data_type = "UriFolder", settings = list()) {
  once <- uuid()
  output <- paste0(WORKSPACE, "/datastores/", DATASTORE, "/paths/azureml/", once)
  properties <- c(settings, list(
    inputData = list(data = list(jobInputType = data_type, uri = data)),
    outputData = list(score = list(jobOutputType = "UriFile", uri = output))
  ))
  request <- req_body_json(request_as(ML_AUDIENCE, SCORING_URI), list(properties = properties))
  request <- req_headers(request, `repeatability_request-id` = once, `azureml-model-deployment` = DEPLOYMENT)
  get_json(request)$name
}

# A new id; requests with the same one start one job.
uuid <- function() {
  digits <- paste(sample(c(0:9, letters[1:6]), 32, replace = TRUE), collapse = "")
  sub("(.{8})(.{4})(.{4})(.{4})", "\\1-\\2-\\3-\\4-", digits)
}

# Wait until a job has ended; return it when it has completed.
wait_for <- function(job) {
  repeat {
    answer <- req_perform(request_as(ML_AUDIENCE, paste0(SCORING_URI, "/", job)))
    found <- resp_body_json(answer)
    status <- found$properties$status
    if (status == "Completed") return(found)
    if (status %in% c("Failed", "Canceled")) stop("Job ", job, " is ", status, ". ", reason(job), call. = FALSE)
    pause <- suppressWarnings(as.numeric(resp_header(answer, "Retry-After")))
    Sys.sleep(if (length(pause) == 0 || is.na(pause)) 5 else pause)
  }
}

# Save what a completed job wrote into a folder; return the files.
results <- function(job, folder) {
  saved <- character()
  for (output in job$properties$outputData) {
    place <- regmatches(output$uri, regexec("datastores/([^/]+)/paths/(.+?)/*$", output$uri, perl = TRUE))[[1]]
    path <- place[3]
    store <- open_datastore(place[2])
    for (blob in list_blobs(store, path)) {
      file <- if (blob == path) basename(path) else substring(blob, nchar(path) + 2)
      if (".." %in% strsplit(file, "/")[[1]]) next
      file <- file.path(folder, file)
      dir.create(dirname(file), recursive = TRUE, showWarnings = FALSE)
      req_perform(blob_request(store, paste0("/", gsub("%2F", "/", URLencode(blob, reserved = TRUE)))), path = file)
      saved <- c(saved, file)
    }
  }
  saved
}

# The container of a datastore, with its signature if it has one.
open_datastore <- function(name) {
  at <- paste0(ARM, WORKSPACE, "/datastores/", name)
  store <- get_json(request_as(ARM_AUDIENCE, paste0(at, "?api-version=", API_VERSION)))$properties
  secrets <- get_json(req_method(request_as(ARM_AUDIENCE, paste0(at, "/listSecrets?api-version=", API_VERSION)), "POST"))
  account <- paste0(store$protocol, "://", store$accountName, ".blob.", store$endpoint)
  list(url = paste0(account, "/", store$containerName), signature = secrets$sasToken)
}

# The blobs of an output: one, or all of a folder.
list_blobs <- function(store, path) {
  names <- character()
  marker <- ""
  repeat {
    asked <- paste0("?restype=container&comp=list&prefix=", URLencode(path, reserved = TRUE), "&marker=", marker)
    text <- resp_body_string(req_perform(blob_request(store, asked)))
    names <- c(names, inside(text, "Name"))
    marker <- c(inside(text, "NextMarker"), "")[1]
    if (marker == "") return(names[names == path | startsWith(names, paste0(path, "/"))])
  }
}

inside <- function(xml, tag) {
  found <- regmatches(xml, gregexpr(paste0("(?<=<", tag, ">)[^<]+"), xml, perl = TRUE))[[1]]
  for (sign in list(c("&lt;", "<"), c("&gt;", ">"), c("&quot;", '"'), c("&amp;", "&"))) {
    found <- gsub(sign[1], sign[2], found, fixed = TRUE)
  }
  found
}

blob_request <- function(store, rest) {
  url <- paste0(store$url, rest)
  if (is.null(store$signature)) {
    return(req_headers(request_as("https://storage.azure.com", url), `x-ms-version` = "2021-12-02"))
  }
  prepared(paste0(url, if (grepl("?", rest, fixed = TRUE)) "&" else "?", store$signature))
}

reason <- function(job) {
  url <- paste0(API, "/history/v1.0", WORKSPACE, "/runs/", job, "/details")
  message <- get_json(request_as(ARM_AUDIENCE, url))$error$error$message
  if (is.null(message)) "Its logs say why." else message
}

get_json <- function(request) resp_body_json(req_perform(request))

# A request that is sent again after 429 and 503, no sooner than Retry-After says, and whose refusal is told.
prepared <- function(url) {
  request <- req_error(req_retry(request(url), max_tries = 6), body = refusal)
  bundle <- Sys.getenv("CURL_CA_BUNDLE") # which the command curl heeds, and R does not
  if (nzchar(bundle)) req_options(request, cainfo = bundle) else request
}

refusal <- function(response) {
  text <- resp_body_string(response)
  body <- tryCatch(jsonlite::fromJSON(text, simplifyVector = FALSE), error = function(e) NULL)
  error <- if (is.list(body)) if (is.list(body$error)) body$error else body
  message <- if (is.null(error$message)) text else paste(c(error$code, error$message), collapse = ": ")
  if (is.list(body) && is.character(body$error_description)) message <- body$error_description
  c(
    message,
    paste("request id", resp_header(response, "x-ms-request-id")),
    HINTS[[as.character(resp_status(response))]]
  )
}

# A request with a token for an audience.
request_as <- function(audience, url) {
  req_headers(prepared(url), Authorization = paste("Bearer", token(audience)))
}

tokens <- new.env()

token <- function(audience) {
  known <- tokens[[audience]]
  if (is.null(known) || known$until < Sys.time()) {
    known <- list(text = new_token(audience), until = Sys.time() + 240)
    assign(audience, known, tokens)
  }
  known$text
}

new_token <- function(audience) {
  secret <- Sys.getenv("AZURE_CLIENT_SECRET")
  if (!nzchar(secret)) {
    asked <- c("account", "get-access-token", "--resource", audience, "--query", "accessToken", "--output", "tsv")
    return(system2("az", asked, stdout = TRUE))
  }
  authority <- Sys.getenv("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com")
  form <- req_body_form(
    prepared(paste0(authority, "/", Sys.getenv("AZURE_TENANT_ID"), "/oauth2/v2.0/token")),
    grant_type = "client_credentials", client_id = Sys.getenv("AZURE_CLIENT_ID"), client_secret = secret,
    scope = paste0(audience, "/.default")
  )
  get_json(form)$access_token
}

main <- function(arguments) {
  if (length(arguments) != 2) stop("usage: Rscript digits_client.R DATA FOLDER")
  data <- arguments[1]
  job <- start(data, if (grepl("\\.\\w+$", data)) "UriFile" else "UriFolder")
  cat("started", job, "\n")
  for (file in results(wait_for(job), arguments[2])) cat("saved", file, "\n")
}

if (sys.nframe() == 0) {
  tryCatch(main(commandArgs(trailingOnly = TRUE)), error = function(e) {
    message("error: ", conditionMessage(e))
    quit(status = 1)
  })
}
