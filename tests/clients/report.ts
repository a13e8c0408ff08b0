// What each program is started with, and what it tells of what it read: tests/contract/test_clients.py.
declare const process: { argv: string[] };

export const [base = "", key = "", story = ""] = process.argv.slice(2);

interface Card {
  id: string;
  kind: string;
  state: string;
  headline: string;
}

export interface Report {
  list: Card[];
  search: Card[];
  read: Card & { blocks: { type: string; html: string | null; level?: number }[] };
  roles: string[];
  changes: { type: string; noun: string }[];
  patched: { urgency: number | null; attributions: number };
  problem: { status: number; code: string };
}

export function tell(report: Report): void {
  console.log(JSON.stringify(report));
}

export function card(story: Card): Card {
  return { id: story.id, kind: story.kind, state: story.state, headline: story.headline };
}

export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} was not answered`);
  return value;
}
