// The generated clients as a page has them: each gives the same three functions, over the descriptors of proto/.

import { createFileRegistry, create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { GrpcWebClientBase, MethodDescriptor } from "grpc-web";

const bytes = new Uint8Array(await (await fetch("/descriptors")).arrayBuffer());
const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes)).getService(
  "laurels.v1.AchievementService",
);

/** connect-es. */
function connectEs(transport) {
  const client = createClient(service, transport);
  const told = (error) => Promise.reject({ code: error.code, message: error.rawMessage });
  return {
    record: (event) => client.recordEvent({ event }).catch(told),
    badges: (user) => client.getBadges({ user }).catch(told),
    async *listen(user) {
      for await (const { notification } of client.liveNotifications({ users: [user] })) yield notification;
    },
  };
}

/** Google's grpc-web, whose generated code is these descriptors of methods around a message's own bytes. */
function grpcWeb(server, format) {
  const client = new GrpcWebClientBase({ format });
  const method = ({ name, input, output, methodKind }) =>
    new MethodDescriptor(
      `/${service.typeName}/${name}`,
      methodKind,
      Object,
      Object,
      (message) => toBinary(input, create(input, message)),
      (bytes) => fromBinary(output, bytes),
    );
  const call = ({ name, ...rest }, message) =>
    client
      .unaryCall(`${server}/${service.typeName}/${name}`, message, {}, method({ name, ...rest }))
      .catch(({ code, message }) => Promise.reject({ code, message }));
  return {
    record: (event) => call(service.method.recordEvent, { event }),
    badges: (user) => call(service.method.getBadges, { user }),
    async *listen(user) {
      const live = service.method.liveNotifications;
      const address = `${server}/${service.typeName}/${live.name}`;
      const stream = client.serverStreaming(address, { users: [user] }, {}, method(live));
      const waiting = [];
      let wake = () => {};
      stream.on("data", ({ notification }) => wake(waiting.push(notification)));
      try {
        for (;;) {
          while (waiting.length > 0) yield waiting.shift();
          await new Promise((resolve) => (wake = resolve));
        }
      } finally {
        stream.cancel();
      }
    },
  };
}

const clients = {
  "connect-es, Connect by JSON": (baseUrl) => connectEs(createConnectTransport({ baseUrl })),
  "connect-es, Connect by protobuf": (baseUrl) => connectEs(createConnectTransport({ baseUrl, useBinaryFormat: true })),
  "connect-es, gRPC-Web": (baseUrl) => connectEs(createGrpcWebTransport({ baseUrl })),
  "grpc-web, binary": (server) => grpcWeb(server, "binary"),
  "grpc-web, base 64": (server) => grpcWeb(server, "text"),
};

/** Records an event twice; tells what was earned, whether it counted twice, and what the reader's badges are. */
export async function record(server, client, user) {
  const { record, badges } = clients[client](server);
  const event = { id: `${user}:p1`, type: "photo.posted", user, subject: "p1" };
  const first = await record(event);
  const second = await record(event);
  const { awards } = await badges(user);
  return [first.awards[0].title, second.duplicate, awards.map(({ key }) => key)];
}

/** The code and the message of a mistake. */
export async function mistake(server, client) {
  return clients[client](server).record({ type: "photo.posted" }).catch((told) => told);
}

/** Listens; records when that is live; gives the title of the award that it hears of. */
export async function listen(server, client, user) {
  const { record, listen } = clients[client](server);
  for await (const { kind } of listen(user)) {
    if (kind.case === "heartbeat") await record({ id: `${user}:p2`, type: "photo.posted", user, subject: "p2" });
    if (kind.case === "award") return kind.value.title;
  }
}
