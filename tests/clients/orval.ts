// A client by orval (`client: "fetch"`). It asks addresses from the root, as a page of the same
// site does, so that the fetch of Node.js needs the site.
import * as api from "../../build/clients/orval";
import { base, card, key, story, tell } from "./report";

const plain = globalThis.fetch;
globalThis.fetch = (address, more) => plain(new URL(String(address), base), more);
const authorization = { Authorization: `Bearer ${key}` };

async function run(): Promise<void> {
  const signed = { headers: authorization };
  const list = await api.listArticles({ limit: 5 }, signed);
  const search = await api.listSearchResults({ q: "harbour" }, signed);
  const read = await api.getArticle(story, {}, signed);
  const changes = await api.listChanges({ include: "card" }, signed);
  if (list.status !== 200 || search.status !== 200 || read.status !== 200 || changes.status !== 200)
    throw new Error("not answered");
  const headers = {
    ...authorization,
    "If-Match": `"v${read.data.version}"`,
    "Content-Type": "application/json", // of several media types orval names none
  };
  const saved = await api.updateArticle(story, { urgency: 2 }, {}, { headers });
  if (saved.status !== 200) throw new Error(`PATCH: ${saved.status}`);
  const absent = await api.getArticle("absent", {}, signed);
  if (absent.status === 200) throw new Error("there is an absent story");
  const problem = absent.data;
  if (!problem || !("code" in problem)) throw new Error("no problem");
  const body = typeof read.data.body === "string" ? [] : read.data.body;
  tell({
    list: list.data.items.map(card),
    search: search.data.items.map(card),
    read: {
      ...card(read.data),
      blocks: body.map((block) => ({ type: block.type, html: block.html, level: block.level })),
    },
    roles: read.data.attributions.map((one) => one.role),
    changes: changes.data.items.map((one) => ({ type: one.type, noun: one.noun })),
    patched: { urgency: saved.data.urgency, attributions: saved.data.attributions.length },
    problem: { status: problem.status, code: problem.code },
  });
}

void run();
