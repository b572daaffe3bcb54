// Works with a wallet through the types that openapi-typescript made in api.ts from the document in OpenAPI 3.1:
// node smoke.js URL TOKEN.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Problem = components["schemas"]["Problem"];

const [url, token] = process.argv.slice(2);
if (url === undefined || token === undefined) {
  throw new Error("usage: node smoke.js URL TOKEN");
}
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

function keyed(key: string) {
  return { header: { "Idempotency-Key": key } };
}

function made<T>(what: string, answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) {
    throw new Error(`${what}: ${answer.error?.code} ${answer.error?.detail}`);
  }
  return answer.data;
}

const wallet = made("create", await client.POST("/v1/wallets", {
  params: keyed("ts-1"), body: { kind: "personal", program: "prepaid", name: "Hana" },
}));
const at = { path: { id: wallet.id } };
made("top-up", await client.POST("/v1/wallets/{id}/top-ups", {
  params: { ...at, ...keyed("ts-2") }, body: { amount: { amount: 5000, currency: "JPY" }, reference: "r-1" },
}));
const card = made("issue", await client.POST("/v1/wallets/{id}/cards", { params: { ...at, ...keyed("ts-3") }, body: {} }));
if (card.status !== "active") {
  throw new Error(`the card is ${card.status}`);
}
let replayed = "";
for (const [key, amount] of [["ts-4", 2000], ["ts-4", 2000]] as const) {
  const answer = await client.POST("/v1/wallets/{id}/allocations", {
    params: { ...at, ...keyed(key) }, body: { card: card.id, amount: { amount, currency: "JPY" } },
  });
  const moved = made("allocate", answer);
  if (moved.card_after.available.amount !== 2000) {
    throw new Error(`the card has ${moved.card_after.available.amount}`);
  }
  replayed += answer.response.headers.get("Idempotency-Replayed") ?? "";
}
const refused = await client.POST("/v1/wallets/{id}/allocations", {
  params: { ...at, ...keyed("ts-5") }, body: { card: card.id, amount: { amount: 3001, currency: "JPY" } },
});
if (refused.error?.code !== "insufficient_funds" || refused.error.free !== 3000) {
  throw new Error(`refused with ${JSON.stringify(refused.error)}`);
}
const balance = made("balance", await client.GET("/v1/wallets/{id}/balance", { params: at }));
const activity = made("activity", await client.GET("/v1/wallets/{id}/activity", { params: { ...at, query: { limit: 10 } } }));
console.log(
  `posted ${balance.posted.amount} unallocated ${balance.unallocated.amount} card ${balance.cards[0]?.available.amount} ` +
  `replayed ${replayed} activity ${activity.data.length}`,
);
