// Vantage's client for JavaScript, unpatched, against an annals server: reads, pages, errors, writes.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { APIV2Client, VantageAPIError, pathEncode } from "@vantage-sh/vantage-client";
import { startServer } from "./server.js";

const MISSING = "adt_lg_00000000deadbeef";

let server, client, writer;

before(async () => {
  server = await startServer();
  client = new APIV2Client(server.token, false, server.url);
  writer = new APIV2Client(server.writer.token, false, server.url);
});

after(() => server?.stop());

const tokensOf = (page) => page.audit_logs.map((entry) => entry.token);
const everyToken = () => server.entries.map((entry) => entry.token);
const titled = (title) => server.entries.filter((entry) => entry.object_title === title).map((entry) => entry.token);

/** The error of a call that has to fail, after checks that hold for all of them. */
async function errorOf(call) {
  const error = await call().then(
    () => assert.fail("the call succeeded"),
    (thrown) => thrown,
  );
  assert.ok(error instanceof VantageAPIError, String(error));
  assert.ok(error.errors?.length > 0 && error.errors.every((sentence) => typeof sentence === "string"), error.body);
  return error;
}

describe("audit logs", () => {
  it("finds with every filter exactly what matches, newest first", async (t) => {
    for (const { name, params, tokens } of server.cases) {
      await t.test(name, async () => {
        assert.deepEqual(tokensOf(await client.auditLogs.list({ limit: 5000, ...params })), tokens);
      });
    }
  });

  it("gives entries back as they were written, in lists and alone", async () => {
    const { audit_logs: entries } = await client.auditLogs.list({ limit: 5000 });
    const fields = Object.keys(server.entries.at(-1));
    const same = (entry) => Object.fromEntries(fields.map((field) => [field, entry[field]]));
    assert.deepEqual(entries.map(same), server.entries.map(same));
    for (const entry of entries.filter((_, n) => n % 20 === 0)) {
      assert.deepEqual(await client.auditLogs.get(entry.token), entry);
      assert.deepEqual(entry.object_changes, entry.changed_values);
    }
  });
});

describe("pages", () => {
  for (const limit of [7, 100, 5000]) {
    for (const filters of [{}, { object_name: "page=3&limit=1" }, { object_name: "Größe + 50% & mehr = ü/日本?" }]) {
      it(`of ${limit} with ${JSON.stringify(filters)} hold every entry once`, async () => {
        const expected = filters.object_name ? titled(filters.object_name) : everyToken();
        const found = [];
        for (let page = 1; page !== 0; ) {
          const answer = await client.auditLogs.list({ page, limit, ...filters });
          found.push(...tokensOf(answer));
          page = nextPage(answer.links);
        }
        assert.deepEqual(found, expected);
      });
    }
  }

  /** The next page's number as clients find it, in both ways that are seen; 0 if there is none. */
  function nextPage(links) {
    if (!links.next) {
      return 0;
    }
    const parsed = Number.parseInt(new URL(links.next).searchParams.get("page"), 10);
    const cut = Number(links.next.split("page=")[1]);
    assert.equal(cut, parsed);
    return parsed;
  }

  it("can be followed by their links", async () => {
    const found = [];
    let link = `${server.url}/v2/audit_logs?limit=64`;
    while (link) {
      assert.ok(link.startsWith(`${server.url}/v2/audit_logs?`), link);
      const answer = await client.request(link.slice(server.url.length), "GET", undefined);
      found.push(...tokensOf(answer));
      link = answer.links.next;
    }
    assert.deepEqual(found, everyToken());
  });
});

describe("errors", () => {
  it("says that an unknown token is not found", async () => {
    const error = await errorOf(() => client.auditLogs.get(MISSING));
    assert.equal(error.status, 404);
    assert.equal(error.statusText, "Not Found");
    assert.deepEqual(error.errors, [`AuditLog ${MISSING} not found.`]);
    assert.equal(error.message, `Vantage API Error: 404 Not Found - AuditLog ${MISSING} not found.`);
  });

  it("says that an entry of another account is not found", async () => {
    const foreign = server.entries.at(-1).token;
    assert.equal((await errorOf(() => writer.auditLogs.get(foreign))).status, 404);
    assert.deepEqual((await writer.auditLogs.list({ token: foreign })).audit_logs, []);
  });

  it("refuses a bad access token", async () => {
    for (const token of ["nonsense", ""]) {
      const stranger = new APIV2Client(token, false, server.url);
      for (const call of [() => stranger.auditLogs.list(), () => stranger.me.get()]) {
        const error = await errorOf(call);
        assert.equal(error.status, 401);
        assert.equal(error.statusText, "Unauthorized");
      }
    }
  });

  it("names a bad parameter, also those that the client makes of undefined and null", async () => {
    for (const params of [{ limit: 5001 }, { action: "explode" }, { page: undefined }, { user: null }]) {
      const error = await errorOf(() => client.auditLogs.list(params));
      assert.equal(error.status, 400);
      assert.ok(error.errors[0].includes(Object.keys(params)[0]), error.errors[0]);
    }
  });

  it("are returned, not thrown, if the client is asked to", async () => {
    const [nothing, error] = await new APIV2Client(server.token, true, server.url).auditLogs.get(MISSING);
    assert.equal(nothing, null);
    assert.equal(error.status, 404);
  });
});

describe("writing", () => {
  it("is readable with the next request", async () => {
    const sent = {
      object_type: "virtual_tag",
      object_title: "Größe + 50% 日本",
      object_token: "vtag_5f6071829304a5b6",
      action: "update",
      before: { key: "team", values: [1] },
      after: { key: "team", values: [1, 2] },
    };
    const headers = { Authorization: `Bearer ${server.writer.token}`, "Content-Type": "application/json" };
    const answer = await fetch(`${server.url}/v2/audit_logs`, { method: "POST", headers, body: JSON.stringify(sent) });
    assert.equal(answer.status, 201);
    const { token } = await answer.json();

    const read = await writer.auditLogs.get(token);
    assert.equal(read.object_type, "VirtualTag");
    assert.equal(read.event, "record_updated");
    assert.deepEqual(read.changed_values, { values: [[1], [1, 2]] });
    assert.deepEqual(read.unchanged_values, { key: "team" });
    const found = await writer.auditLogs.list({ object_name: sent.object_title, object_token: sent.object_token });
    assert.deepEqual(found.audit_logs, [read]);
  });

  it("works with the client's call for any path", async () => {
    const written = await writer.request("/v2/audit_logs", "POST", { object_type: "segment", action: "create" });
    assert.deepEqual(await writer.request(`/v2/audit_logs/${pathEncode(written.token)}`, "GET", {}), written);
  });
});

describe("the other reads", () => {
  it("ping", async () => {
    assert.deepEqual(await client.ping.get(), { ping: "pong" });
  });

  it("me", async () => {
    const me = await client.me.get();
    assert.ok(me.bearer_token.scope.includes("read"));
    for (const { token, title } of server.workspaces) {
      assert.equal(me.workspaces.find((workspace) => workspace.token === token)?.name, title);
    }
  });

  it("workspaces", async () => {
    const { workspaces } = await client.workspaces.list({ page: 1, limit: 1000 });
    for (const { token, title } of server.workspaces) {
      const one = await client.workspaces.get(token);
      assert.equal(one.name, title);
      assert.deepEqual(workspaces.find((workspace) => workspace.token === token), one);
    }
    const found = await client.workspaces.list({ q: "平台" });
    assert.deepEqual(found.workspaces.map((workspace) => workspace.name), ["Platform 平台"]);
    assert.equal((await errorOf(() => client.workspaces.get(server.writer.workspace))).status, 404);
  });
});
