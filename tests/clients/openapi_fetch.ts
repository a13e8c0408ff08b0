// A client by openapi-typescript and openapi-fetch.
import createClient from "openapi-fetch";
import type { components, paths } from "../../build/clients/openapi-typescript";
import { base, card, found, key, story, tell } from "./report";

type Block = components["schemas"]["Block"];

// What a front end does: the fields that a type of block has, and a branch for all others.
function level(block: Block): number | undefined {
  return block.type === "heading" ? block.level : undefined;
}

async function run(): Promise<void> {
  const client = createClient<paths>({
    baseUrl: base,
    headers: { Authorization: `Bearer ${key}` },
  });
  const list = found((await client.GET("/v1/articles", { params: { query: { limit: 5 } } })).data, "list");
  const search = found((await client.GET("/v1/search", { params: { query: { q: "harbour" } } })).data, "search");
  const path = { id_or_slug: story };
  const read = found((await client.GET("/v1/articles/{id_or_slug}", { params: { path } })).data, "story");
  const changes = found((await client.GET("/v1/changes", { params: { query: { include: "card" } } })).data, "changes");
  const patched = await client.PATCH("/v1/articles/{id_or_slug}", {
    params: { path, header: { "If-Match": `"v${read.version}"` } },
    body: { urgency: 2 },
  });
  const saved = found(patched.data, "patch");
  const absent = await client.GET("/v1/articles/{id_or_slug}", { params: { path: { id_or_slug: "absent" } } });
  const problem = found(absent.error, "problem");
  const body = typeof read.body === "string" ? [] : read.body;
  tell({
    list: list.items.map(card),
    search: search.items.map(card),
    read: {
      ...card(read),
      blocks: body.map((block) => ({ type: block.type, html: block.html, level: level(block) })),
    },
    roles: read.attributions.map((one) => one.role),
    changes: changes.items.map((one) => ({ type: one.type, noun: one.noun })),
    patched: { urgency: saved.urgency, attributions: saved.attributions.length },
    problem: { status: problem.status, code: problem.code },
  });
}

void run();
