#!/bin/sh
# The control plane with curl alone: ENTREPOT_URL says where the sandbox is. Ends with 0 once all is as expected.
set -eu

sandbox() { # METHOD PATH [BODY]
    curl --silent --show-error --fail-with-body -X "$1" "$ENTREPOT_URL/sandbox$2" ${3:+-d "$3"}
}
status() { # [CURL'S OPTIONS]: the status of asking for the mug
    curl --silent --output /dev/null --write-out '%{http_code}' "$@" \
        -H 'API-Key: demo-api-key' "$ENTREPOT_URL/bonsai/products/?ids=c68yvyl5s1ienexavdwntb1dr&currency=USD"
}
expect() { # WHAT EXPECTED FOUND
    if [ "$2" != "$3" ]; then
        echo "$1: expected $2, found $3" >&2
        exit 1
    fi
    echo "ok: $1"
}

sandbox POST /reset >/dev/null
expect 'the mug is there' 200 "$(status)"

sandbox POST /faults '{"target": "connection:reads", "kind": "refuse"}' >/dev/null
expect 'a database that does not answer' 503 "$(status)"
expect 'it answers the next time' 200 "$(status)"

sandbox POST /faults '{"target": "line:bonsai", "kind": "refuse"}' >/dev/null
expect 'a line that is reset' 000 "$(status || true)"

sandbox POST /quotas '{"door": "bonsai", "calls": 0, "window": 30}' >/dev/null
expect 'too many requests' 503 "$(status)"
sandbox DELETE /quotas

sandbox POST /clock '{"now": "2030-12-24T18:00:00Z", "frozen": true}' >/dev/null
expect 'Christmas lasts' 1 "$(sandbox GET /clock | grep -c '2030-12-24T18:00:00')"

sandbox POST /snapshots '{"name": "christmas"}' >/dev/null
sandbox POST /reset >/dev/null
sandbox POST /snapshots/christmas/restore >/dev/null
expect 'and comes back' 1 "$(sandbox GET /clock | grep -c '2030-12-24T18:00:00')"

expect 'a key that nobody has' 401 "$(status -H 'API-Key: nobody' -H 'X-Request-Id: why-1')"
expect 'and why' 1 "$(sandbox GET /explain/why-1 | grep -c '"failure": *"unauthenticated"')"
sandbox POST /reset >/dev/null
