/**
 * What runs of `node:http`, for everything in `src/`; types come from `node:http` itself. An `import` of it reads every
 * export, and among them are those of a second HTTP client that Node loads when it is first asked for: 13 MiB.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');
