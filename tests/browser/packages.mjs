// The clients that are not ours, from npm, and what they are told of Laurels: the descriptors of proto/.
//
// LAURELS_PACKAGES is the folder that has node_modules, LAURELS_DESCRIPTORS what `buf build` made of proto/.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const packages = join(process.env.LAURELS_PACKAGES, "node_modules");
const require = createRequire(join(packages, "any.js"));

export const connect = require("@connectrpc/connect");
export const connectNode = require("@connectrpc/connect-node");
export const connectWeb = require("@connectrpc/connect-web");
export const puppeteer = require("puppeteer-core");

const { createFileRegistry, fromBinary } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");

export const descriptors = readFileSync(process.env.LAURELS_DESCRIPTORS);
export const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors)).getService(
  "laurels.v1.AchievementService",
);
