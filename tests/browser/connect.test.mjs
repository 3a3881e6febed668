// connect-es in Node: its Connect, gRPC-Web and gRPC transports, straight and through nginx.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Laurels } from "./laurels.mjs";
import { connect, connectNode, service } from "./packages.mjs";
import { roads } from "./roads.mjs";
import { HANGS_MS } from "./waiting.mjs";

const { createConnectTransport, createGrpcTransport, createGrpcWebTransport } = connectNode;

// Native gRPC is HTTP/2 only. Connect's streams are not spoken, so its transport is for single calls.
const transports = [
  ["Connect by JSON", createConnectTransport, { httpVersion: "1.1" }, { streams: false }],
  ["Connect by JSON and HTTP/2", createConnectTransport, { httpVersion: "2" }, { streams: false }],
  ["Connect by protobuf", createConnectTransport, { httpVersion: "1.1", useBinaryFormat: true }, { streams: false }],
  ["gRPC-Web", createGrpcWebTransport, { httpVersion: "1.1" }, { streams: true }],
  ["gRPC-Web by HTTP/2", createGrpcWebTransport, { httpVersion: "2" }, { streams: true }],
  ["gRPC", createGrpcTransport, { httpVersion: "2" }, { streams: true }],
];

for (const [way, { build }] of Object.entries(roads)) {
  describe(way, { timeout: HANGS_MS }, () => {
    let laurels, road;
    before(async () => {
      laurels = await Laurels.start();
      road = await build(laurels);
    });
    after(async () => {
      await road.stop();
      await laurels.stop();
    });

    for (const [name, create, options, { streams }] of transports) {
      const user = name.toLowerCase().replaceAll(/\W+/g, "-");
      const client = () => connect.createClient(service, create({ baseUrl: road.url, ...options }));
      const event = (subject) => ({ id: `${user}:${subject}`, type: "photo.posted", user, subject });

      test(`${name} records, and reads what was earned`, async () => {
        const recorded = await client().recordEvent({ event: event("p1") });
        assert.deepEqual(recorded.awards.map(({ title }) => title), ["Framed: p1"]);
        assert.equal((await client().recordEvent({ event: event("p1") })).duplicate, true);
        const { awards, totalSize } = await client().getBadges({ user });
        assert.deepEqual([awards[0].key, Number(totalSize)], ["p1", 1]);
      });

      test(`${name} is told what is wrong, with the reason`, async () => {
        const refused = await client().recordEvent({ event: { type: "photo.posted" } }).catch((error) => error);
        assert.equal(refused.code, connect.Code.InvalidArgument);
        assert.equal(refused.rawMessage, "event.user must be set, to 1 to 128 bytes");
        assert.deepEqual(refused.details.map(({ type }) => type), ["google.rpc.ErrorInfo", "google.rpc.BadRequest"]);
        assert.match(Buffer.from(refused.details[0].value).toString(), /ERROR_REASON_INVALID_FIELD/);
      });

      test(`${name} ${streams ? "listens, and ends when it likes" : "is told how to listen instead"}`, async () => {
        const end = new AbortController();
        const titles = [];
        const listen = async () => {
          for await (const { notification } of client().liveNotifications({ users: [user] }, { signal: end.signal })) {
            if (notification.kind.case === "heartbeat" && notification.kind.value.live) {
              await laurels.record(user, "p2");
            }
            if (notification.kind.case !== "award") continue;
            titles.push(notification.kind.value.title);
            end.abort();
          }
        };
        const ended = await listen().catch((error) => error);
        if (streams) {
          assert.equal(ended.code, connect.Code.Canceled, ended);
          assert.deepEqual(titles, ["Framed: p2"]);
        } else {
          assert.equal(ended.code, connect.Code.Unimplemented, ended);
          assert.match(ended.rawMessage, /gRPC-Web/);
        }
      });
    }

    test("gRPC streams both ways", async () => {
      const client = connect.createClient(service, createGrpcTransport({ baseUrl: road.url, httpVersion: "2" }));
      const user = "both-ways";
      let heard;
      async function* events() {
        for (const subject of ["p1", "p2", "p3"]) {
          const answered = new Promise((resolve) => (heard = resolve));
          yield { event: { id: `${user}:${subject}`, type: "photo.posted", user, subject } };
          // The next is sent when the answer to this one is there: nothing on the way waits for the end.
          await answered;
        }
      }
      const titles = [];
      for await (const { result } of client.recordEvents(events())) {
        titles.push(result.value.awards[0].title);
        heard();
      }
      assert.deepEqual(titles, ["Framed: p1", "Framed: p2", "Framed: p3"]);
    });
  });
}
