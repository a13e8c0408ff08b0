// A front end as a newcomer would write it, against the types made from openapi.yaml. It is only
// compiled (scripts/check): what it takes for granted, the contract must promise.
import type { components, operations } from "../../build/typescript/api";

type Article = components["schemas"]["Article"];
type ArticleCard = components["schemas"]["ArticleCard"];
type ArticleWrite = components["schemas"]["ArticleWrite"];
type Block = Exclude<Article["body"], string>[number];
type ListQuery = NonNullable<operations["listArticles"]["parameters"]["query"]>;
type ListAnswer = operations["listArticles"]["responses"][200]["content"]["application/json"];
type Problem = components["schemas"]["Problem"];

const base = "http://127.0.0.1:8000";

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(base + path);
  if (!answer.ok) {
    const problem = (await answer.json()) as Problem;
    throw new Error(`${problem.status} ${problem.code}: ${problem.detail}`);
  }
  return (await answer.json()) as T;
}

export async function everyCard(query: ListQuery): Promise<ArticleCard[]> {
  const cards: ArticleCard[] = [];
  let cursor: string | null = null;
  do {
    const asked = new URLSearchParams();
    for (const lang of query.lang ?? []) asked.append("lang", lang);
    if (cursor) asked.set("cursor", cursor);
    const page: ListAnswer = await get<ListAnswer>(`/v1/articles?${asked}`);
    cards.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return cards;
}

export async function pageOf(name: string): Promise<string> {
  const article = await get<Article>(`/v1/articles/${encodeURIComponent(name)}`);
  const credit: string | undefined =
    article.credit_line_override?.[article.lang] ?? article.credit_line[article.lang];
  return `<article lang="${article.lang}" dir="${article.dir}">
    <h1>${article.headline}</h1> ${teaser(article)}
    ${typeof article.body === "string" ? article.body : article.body.map(blockOf).join("")}
    <footer>${credit ?? ""}</footer></article>`;
}

// Whatever shows a card can show an article: what the two have in common has the same types.
function teaser(story: Article | ArticleCard): string {
  const picture = story.lead_image?.url ? `<img src="${story.lead_image.url}" alt="">` : "";
  const names: string[] = story.sources.map((source) => source.slug);
  return `${picture}<p>${story.summary ?? ""}</p><small>${names.join(", ")}</small>`;
}

// The type of a block tells what else it holds.
function blockOf(block: Block): string {
  if (block.withheld) return "";
  switch (block.type) {
    case "heading":
      return `<h${block.level}>${block.text ?? ""}</h${block.level}>`;
    case "figure":
      return `<figure>${block.html ?? ""}<figcaption>${block.image?.credit ?? ""}</figcaption></figure>`;
    default:
      return block.html ?? "";
  }
}

export const sent: ArticleWrite = { lang: "ar", headline: "عنوان من عندنا" };
