/**
 * The values of `node:http` for all code in `src/`; types come from `node:http` itself. An `import` of it reads every
 * export, including a second HTTP client that Node loads on first use: 13 MiB.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');
