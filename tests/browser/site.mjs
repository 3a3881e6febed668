// A site whose pages call Laurels: an empty page, what its scripts import, and the cookie that it sets.

import { once } from "node:events";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";
import { extname, join, normalize } from "node:path";

import { descriptors, packages } from "./packages.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript" };

// What a bundler would do: where the packages are that scripts import by name.
const imports = {
  "@bufbuild/protobuf": "/packages/@bufbuild/protobuf/dist/esm/index.js",
  "@bufbuild/protobuf/codegenv2": "/packages/@bufbuild/protobuf/dist/esm/codegenv2/index.js",
  "@bufbuild/protobuf/reflect": "/packages/@bufbuild/protobuf/dist/esm/reflect/index.js",
  "@bufbuild/protobuf/wire": "/packages/@bufbuild/protobuf/dist/esm/wire/index.js",
  "@bufbuild/protobuf/wkt": "/packages/@bufbuild/protobuf/dist/esm/wkt/index.js",
  "@connectrpc/connect": "/packages/@connectrpc/connect/dist/esm/index.js",
  "@connectrpc/connect/protocol": "/packages/@connectrpc/connect/dist/esm/protocol/index.js",
  "@connectrpc/connect/protocol-connect": "/packages/@connectrpc/connect/dist/esm/protocol-connect/index.js",
  "@connectrpc/connect/protocol-grpc-web": "/packages/@connectrpc/connect/dist/esm/protocol-grpc-web/index.js",
  "@connectrpc/connect-web": "/packages/@connectrpc/connect-web/dist/esm/index.js",
  "grpc-web": "/packages/grpc-web/index.esm.js",
};
const page = `<!doctype html><title>A site</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>`;

const folders = { packages, pages: "tests/browser/pages", clients: "clients" };

const certificate = {
  cert: readFileSync(process.env.LAURELS_CERTIFICATE),
  key: readFileSync(process.env.LAURELS_CERTIFICATE_KEY),
};

export class Site {
  #server;
  /** What `/token` answers, as a site that mints one for whoever is logged in. */
  token = () => "";
  /** The cookies that the page sets. */
  cookies = [];
  /** Scripts by path, beside those of files. */
  scripts = {};

  /** One by http or https. */
  static async start(scheme) {
    const site = new Site();
    const answer = (request, response) => site.#answer(request, response);
    site.scheme = scheme;
    site.#server = scheme === "https" ? createSecure(certificate, answer) : createPlain(answer);
    site.#server.listen(0, "127.0.0.1");
    await once(site.#server, "listening");
    return site;
  }

  get origin() {
    return `${this.scheme}://127.0.0.1:${this.#server.address().port}`;
  }

  /** The same pages, and to a browser those of somebody else. */
  get otherOrigin() {
    return this.origin.replace("127.0.0.1", "localhost");
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(request, response) {
    const path = normalize(new URL(request.url, this.origin).pathname);
    const [, folder, ...rest] = path.split("/");
    const file = folders[folder] && join(folders[folder], ...rest);
    if (file && existsSync(file)) {
      response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
      createReadStream(file).pipe(response);
    } else if (this.scripts[path]) {
      response.writeHead(200, { "content-type": TYPES[".js"] }).end(this.scripts[path]);
    } else if (path === "/") {
      response.writeHead(200, { "content-type": "text/html", "set-cookie": this.cookies }).end(page);
    } else if (path === "/descriptors") {
      response.end(descriptors);
    } else if (path === "/token") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ token: this.token() }));
    } else {
      response.writeHead(404).end();
    }
  }
}
