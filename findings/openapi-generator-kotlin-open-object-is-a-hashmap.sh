#!/usr/bin/env bash
# Guess: a schema with `additionalProperties: true` beside named properties becomes a Kotlin class with
# the named properties and one map for the others, as it does in Go and Python.
# Seen: the class extends HashMap, so JSON libraries read it as a map and the named properties are not filled.
# openapi-generator 7.26.0 (kotlin, default options), OpenAPI 3.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openapi-generator-cli==7.26.0
cat > "$folder/api.yaml" <<'YAML'
openapi: 3.1.0
info: {title: News, version: "1"}
paths:
  /story:
    get:
      operationId: getStory
      responses:
        "200":
          description: A story.
          content: {application/json: {schema: {$ref: "#/components/schemas/Story"}}}
components:
  schemas:
    Story:
      type: object
      required: [headline]
      properties: {headline: {type: string}}
      additionalProperties: true
YAML
"$folder/venv/bin/openapi-generator-cli" generate -i "$folder/api.yaml" -g kotlin -o "$folder/out" > "$folder/log" 2>&1
story=$(find "$folder/out" -name Story.kt)
echo "openapi-generator 7.26.0, kotlin: $(grep -c . "$story") lines in Story.kt"
grep -n 'class Story' -A 8 "$story"
grep -q ') : kotlin.collections.HashMap<String, kotlin.Any>()' "$story" || { echo "changed: the class does not extend HashMap" >&2; exit 1; }
