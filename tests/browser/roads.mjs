// The ways to a server: straight, and through nginx. Each begins with a gate that a test may shut.

import { Gate } from "./gate.mjs";
import { Nginx } from "./nginx.mjs";

class Road {
  constructor(scheme, gate, nginx) {
    Object.assign(this, { scheme, gate, nginx });
  }

  get url() {
    return `${this.scheme}://127.0.0.1:${this.gate.port}`;
  }

  async stop() {
    this.gate.stop();
    await this.nginx?.stop();
  }
}

/** By name, what it speaks, and what makes one to a server. */
export const roads = {
  straight: {
    scheme: "http",
    build: async (laurels) => new Road("http", await Gate.before({ host: "127.0.0.1", port: laurels.port })),
  },
  "through nginx": {
    scheme: "https",
    build: async (laurels) => {
      const nginx = await Nginx.before(laurels.port);
      return new Road("https", await Gate.before({ path: nginx.socket }), nginx);
    },
  },
};
