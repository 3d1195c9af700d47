# Client of the real-time endpoint iris: send a request, get the answer.
#
#     Rscript iris_client.R [BODY]
#
# BODY is a file with the request as JSON, or - for standard input; without it an example is sent. Needs the packages
# httr2 and jsonlite.
# The endpoint's key is taken from AZUREML_ENDPOINT_KEY.

library(httr2)
library(jsonlite)

SCORING_URI <- "https://iris.westeurope.inference.ml.azure.com/score"
DEPLOYMENT <- NULL # NULL: the endpoint's traffic decides

HINTS <- list(
  "401" = "The key was refused; it may be an old one. Set AZUREML_ENDPOINT_KEY to the present one: az ml online-endpoint get-credentials --name iris",
  "403" = "The one who is signed in may not score with this endpoint.",
  "404" = "The endpoint iris has no such deployment, or none with traffic.",
  "408" = "Scoring took longer than the deployment's request_timeout: send less at once, or allow it more time.",
  "413" = "The body is too large: send less at once.",
  "424" = "The model's own code failed; its log says why: az ml online-deployment get-logs --endpoint-name iris",
  "429" = "It was sent again a few times, as the service asked, and still refused: try later, or send less at once.",
  "503" = "It was sent again a few times, as the service asked, and still refused: try later, or send less at once."
)
SCHEMA <- list(
  "type" = "object",
  "properties" = list(
    "data" = list(
      "type" = "array",
      "items" = list(
        "type" = "object",
        "properties" = list("name" = list("type" = "string"), "sepal length (cm)" = list("type" = "number")),
        "required" = list("name", "sepal length (cm)")
      )
    ),
    "flag" = list("type" = "boolean")
  ),
  "required" = list("data", "flag")
)
EXAMPLE <- list("data" = list(list("name" = "a", "sepal length (cm)" = 5.1)), "flag" = TRUE)

# Send a request; return the answer. An object of the request is a list with names, an array a list without or I(c(...)).
score <- function(body) {
  check(body, SCHEMA, "body")
  secret <- Sys.getenv("AZUREML_ENDPOINT_KEY")
  if (!nzchar(secret)) stop("AZUREML_ENDPOINT_KEY is not set. ", HINTS[["401"]], call. = FALSE)
  request <- req_body_json(prepared(SCORING_URI), body, digits = NA)
  get_json(req_headers(request, Authorization = paste("Bearer", secret), `azureml-model-deployment` = DEPLOYMENT))
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
    if (resp_header_exists(response, "ms-azureml-model-error-statuscode")) {
      paste("the model's status", resp_header(response, "ms-azureml-model-error-statuscode"))
    },
    resp_header(response, "ms-azureml-model-error-reason"),
    paste("request id", resp_header(response, "x-ms-request-id")),
    HINTS[[as.character(resp_status(response))]]
  )
}

# Refuse a value that does not fit the schema, and name the field. An object is a list with names; an array is a list
# without, or I(c(...)).
check <- function(value, schema, place) {
  refuse <- function(...) stop(place, " ", ..., call. = FALSE)
  if (identical(schema, FALSE)) refuse("is not known")
  scalar <- is.atomic(value) && length(value) == 1 && !inherits(value, "AsIs")
  named <- is.list(value) && !is.null(names(value)) || is.list(value) && length(value) == 0
  fits <- switch(schema$type %||% "any",
    object = named,
    array = !scalar && (is.atomic(value) || is.null(names(value))),
    string = scalar && is.character(value),
    number = scalar && is.numeric(value),
    integer = scalar && is.numeric(value) && value == round(value),
    boolean = scalar && is.logical(value),
    TRUE
  )
  if (!fits) refuse("must be of the type ", schema$type, ", not ", substr(paste(deparse(value), collapse = ""), 1, 80))
  if (!is.null(schema$enum) && !value %in% unlist(schema$enum)) {
    refuse("must be one of ", paste(unlist(schema$enum), collapse = ", "), ", not ", value)
  }
  if (scalar && is.numeric(value) && (value < (schema$minimum %||% -Inf) || value > (schema$maximum %||% Inf))) {
    refuse("must be from ", schema$minimum, " to ", schema$maximum, ", not ", value)
  }
  if (named) {
    missing <- setdiff(unlist(schema$required), names(value))
    if (length(missing) > 0) stop(place, ".", missing[1], " is missing", call. = FALSE)
    for (name in names(value)) {
      check(value[[name]], schema$properties[[name]] %||% schema$additionalProperties, paste0(place, ".", name))
    }
  } else if (is.list(value) && !is.null(schema$items)) {
    for (index in seq_along(value)) check(value[[index]], schema$items, paste0(place, "[", index - 1, "]"))
  }
}

`%||%` <- function(value, otherwise) if (is.null(value)) otherwise else value

main <- function(arguments) {
  if (length(arguments) > 1) stop("usage: Rscript iris_client.R [BODY]")
  body <- EXAMPLE
  if (length(arguments) == 1) {
    text <- readLines(if (arguments[1] == "-") file("stdin") else arguments[1], warn = FALSE)
    body <- jsonlite::fromJSON(paste(text, collapse = "\n"), simplifyVector = FALSE)
  }
  cat(jsonlite::toJSON(score(body), auto_unbox = TRUE, digits = NA), "\n")
}

if (sys.nframe() == 0) {
  tryCatch(main(commandArgs(trailingOnly = TRUE)), error = function(e) {
    message("error: ", conditionMessage(e))
    quit(status = 1)
  })
}
