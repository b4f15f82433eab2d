#!/bin/sh
# Reports one completion with curl. Needs MAILADMIN_URL and MAILADMIN_TOKEN; takes the file with the report as JSON:
#   ./report.sh report.json
# The same report may be sent again after a time-out: it gets the same answer and no second mail. So curl may try again.
set -eu
: "${MAILADMIN_URL:?such as https://panel.example.com}" "${MAILADMIN_TOKEN:?a token made under System > API tokens}"

# --config from another descriptor keeps the token out of the process list.
printf 'header = "Authorization: Bearer %s"\n' "$MAILADMIN_TOKEN" |
  curl --silent --show-error --fail-with-body --max-time 30 --retry 5 --retry-connrefused \
    --config - --header "Content-Type: application/json" --data-binary "@${1:-report.json}" \
    "${MAILADMIN_URL%/}/api/v1/completions"
