// Writes the ids of the operations with `x-raw` as a type: openapi-typescript leaves extensions out.
// node openapi/raw-operations.mjs BUNDLE TARGET
import { readFileSync, writeFileSync } from 'node:fs';

const [bundle, target] = process.argv.slice(2);
const { paths } = JSON.parse(readFileSync(bundle, 'utf8'));
const raw = Object.entries(paths).flatMap(([path, item]) =>
  Object.values(item)
    .filter((operation) => operation['x-raw'] === true)
    .map(({ operationId }) => ({ operationId, isOfClients: /^\/mcp(?:\/|$)/.test(path) })),
);
const union = (operations) => operations.map(({ operationId }) => `  | '${operationId}'`).join('\n');
writeFileSync(
  target,
  `// Made by openapi/raw-operations.mjs: do not edit.

/** Operations of MCP clients. */
export type GatewayOperationId =
${union(raw.filter(({ isOfClients }) => isOfClients))};

/** Operations that read or write the connection themselves (\`x-raw: true\` in the document). */
export type RawOperationId =
${union(raw)};
`,
);
