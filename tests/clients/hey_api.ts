// A client by @hey-api/openapi-ts.
import * as api from "../../build/clients/hey-api";
import { client } from "../../build/clients/hey-api/client.gen";
import { base, card, found, key, story, tell } from "./report";

async function run(): Promise<void> {
  client.setConfig({ baseUrl: base, auth: key });
  const list = found((await api.listArticles({ query: { limit: 5 } })).data, "list");
  const search = found((await api.listSearchResults({ query: { q: "harbour" } })).data, "search");
  const path = { id_or_slug: story };
  const read = found((await api.getArticle({ path })).data, "story");
  const changes = found((await api.listChanges({ query: { include: "card" } })).data, "changes");
  const headers = { "If-Match": `"v${read.version}"` };
  const saved = found((await api.updateArticle({ path, headers, body: { urgency: 2 } })).data, "patch");
  const problem = found((await api.getArticle({ path: { id_or_slug: "absent" } })).error, "problem");
  const body = typeof read.body === "string" ? [] : read.body;
  tell({
    list: list.items.map(card),
    search: search.items.map(card),
    read: {
      ...card(read),
      blocks: body.map((block) => ({ type: block.type, html: block.html, level: block.level })),
    },
    roles: read.attributions.map((one) => one.role),
    changes: changes.items.map((one) => ({ type: one.type, noun: one.noun })),
    patched: { urgency: saved.urgency, attributions: saved.attributions.length },
    problem: { status: problem.status, code: problem.code },
  });
}

void run();
