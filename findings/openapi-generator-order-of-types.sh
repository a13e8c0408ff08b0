#!/usr/bin/env bash
# Guess: `type: [array, string]` and `type: [string, array]` are the same schema, as `type` is a set (JSON Schema
# 2020-12 validation, 6.1.1), so a generator makes the same client of both.
# Seen: with `array` first the field is a list, and a string cannot be read; with `string` first it is a class of its own, which in
# Kotlin has no members: no value can be read from it. Only the order of the two words differs.
# openapi-generator 7.26.0 (kotlin and python, default options), OpenAPI 3.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openapi-generator-cli==7.26.0
for order in "array, string" "string, array"; do
  name=${order%%,*}
  cat > "$folder/$name.yaml" <<YAML
openapi: 3.1.0
info: {title: News, version: "1"}
paths:
  /story:
    get:
      operationId: getStory
      responses:
        "200":
          description: A story.
          content: {application/json: {schema: {\$ref: "#/components/schemas/Story"}}}
components:
  schemas:
    Block: {type: object, required: [type], properties: {type: {type: string}}}
    Story:
      type: object
      required: [body]
      properties:
        body: {type: [$order], items: {\$ref: "#/components/schemas/Block"}}
YAML
  for language in kotlin python; do
    "$folder/venv/bin/openapi-generator-cli" generate -i "$folder/$name.yaml" -g "$language" -o "$folder/$name/$language" \
      > "$folder/log" 2>&1
  done
  kotlin=$(grep -h 'val body: ' "$folder/$name/kotlin/src/main/kotlin/org/openapitools/client/models/Story.kt" | sed 's/^ *//')
  python=$(grep -h ' body: ' "$folder/$name/python/openapi_client/models/story.py" | sed 's/^ *//')
  echo "openapi-generator 7.26.0, type: [$order]: kotlin: $kotlin · python: $python"
  case $name in
    array) expected="val body: kotlin.collections.List<Block>|body: List[Block]" ;;
    *) expected="val body: StoryBody|body: StoryBody" ;;
  esac
  [ "$kotlin|$python" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
done
class=$(sed -n '/^class StoryBody\|^data class StoryBody/,/^)/p' "$folder/string/kotlin/src/main/kotlin/org/openapitools/client/models/StoryBody.kt")
echo "$class"
if grep -q 'val ' <<< "$class"; then echo "changed: the class has members" >&2; exit 1; fi
