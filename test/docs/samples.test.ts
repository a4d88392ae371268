import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { beforeAll, expect, test } from 'vitest';
import type { DocsOperation } from '../../src/docs/document.ts';
import { loadSampleGenerator } from '../../src/docs/generated-samples.ts';
import { samplesOf } from '../../src/docs/samples.ts';
import { operations, temporaryFolder } from './support.ts';

const LABELS = ['curl', 'JavaScript', 'Python', 'Typed client'] as const;
type Label = (typeof LABELS)[number];

const CREDENTIALS = {
  GATEHOUSE_API_KEY: `sk_it's "$HOME" a key`,
  GATEHOUSE_API_SECRET: 's3cr3t_of_the_samples',
  GATEHOUSE_API_TOKEN: 'gat_of_the_samples',
  MCP_ENDPOINT_TOKEN: 'endpoint-token-of-the-samples',
  GATEHOUSE_ADMIN_TOKEN: 'operator-token-of-the-samples',
  GATEHOUSE_SESSION: 'cookie-of-the-samples',
};
const SESSION = 'session-of-the-samples';
const CLIENT = new URL('../../src/client/client.ts', import.meta.url);

const run = promisify(execFile);
const sampleOf = (operation: DocsOperation, label: Label, server: string): string =>
  samplesOf(operation, server).find((sample) => sample.label === label)?.source ?? '';

type Received = { method: string; url: string; headers: Record<string, unknown>; body: unknown };

/** What the document's examples ask for. */
function expected({ method, path, parameters, credentials, body }: DocsOperation): Received {
  const example = (name: string): string => String(parameters.find((parameter) => parameter.name === name)?.example);
  const search = parameters.some(({ name }) => name === 'limit') ? `?limit=${example('limit')}` : '';
  const secrets: Record<string, string> = {
    apiKey: CREDENTIALS.GATEHOUSE_API_KEY,
    apiSecret: CREDENTIALS.GATEHOUSE_API_SECRET,
    apiToken: `Bearer ${CREDENTIALS.GATEHOUSE_API_TOKEN}`,
    endpointToken: `Bearer ${CREDENTIALS.MCP_ENDPOINT_TOKEN}`,
    operatorToken: `Bearer ${CREDENTIALS.GATEHOUSE_ADMIN_TOKEN}`,
    session: `gatehouse_session=${CREDENTIALS.GATEHOUSE_SESSION}`,
  };
  return {
    method,
    url: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(example(name))) + search,
    headers: {
      ...Object.fromEntries(credentials.map(({ name, header }) => [header.toLowerCase(), secrets[name]])),
      ...(parameters.some(({ name, required }) => name === 'Mcp-Session-Id' && required) && {
        'mcp-session-id': SESSION,
      }),
      ...(parameters.some(({ name, required }) => name === 'Sec-Fetch-Site' && required) && {
        'sec-fetch-site': 'same-origin',
      }),
    },
    body: Object.values(body?.content['application/json']?.examples ?? {})[0]?.value,
  };
}

const OURS = ['x-api-key', 'x-api-secret', 'authorization', 'if-match', 'mcp-session-id', 'cookie', 'sec-fetch-site'];
const received: Received[] = [];
const echo = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString();
  received.push({
    method: request.method ?? '',
    url: request.url ?? '',
    headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => OURS.includes(name))),
    body: text === '' ? undefined : JSON.parse(text),
  });
  response.setHeader('Content-Type', 'application/json').end('{"answered":true}');
});
let url = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;
  return () => new Promise((resolve) => echo.close(resolve));
});

/** Runs all samples of a language one after the other, each as a program of its own, and answers what they print. */
async function runAll(label: Label): Promise<string> {
  const folder = await temporaryFolder();
  const env = { ...process.env, ...CREDENTIALS, MCP_SESSION_ID: SESSION };
  const extension = { curl: 'sh', JavaScript: 'mjs', Python: 'py', 'Typed client': 'mts' }[label];
  const files = operations.map(({ id }) => join(folder, `${id}.${extension}`));
  for (const [index, operation] of operations.entries()) {
    const source = sampleOf(operation, label, url).replace(`'mcp-gatehouse'`, `'${CLIENT}'`);
    await writeFile(files[index] ?? '', source);
  }
  const list = JSON.stringify(files);
  const [command = '', ...args] = {
    curl: ['sh', '-ec', 'for file in "$@"; do sh -e "$file"; done', 'sh', ...files],
    JavaScript: [process.execPath, '--input-type=module', '-e', `for (const file of ${list}) await import(file)`],
    Python: ['python3', '-c', `import runpy\nfor file in ${list}: runpy.run_path(file)`],
    'Typed client': [process.execPath, '--input-type=module', '-e', `for (const file of ${list}) await import(file)`],
  }[label];
  return (await run(command, args, { env })).stdout;
}

const python = await run('python3', ['-c', 'import requests']).then(
  () => '',
  () => 'there is no Python with `requests` on this machine',
);

test.for(LABELS)('every %s sample runs, and asks for what the document shows', async (label, { skip }) => {
  skip(label === 'Python' && python !== '', python);
  received.length = 0;
  const output = await runAll(label);
  expect(received).toHaveLength(operations.length);
  for (const [index, operation] of operations.entries()) {
    expect(received[index], operation.id).toEqual(expected(operation));
  }
  expect(output.match(/answered/g)).toHaveLength(operations.length);
});

test('every other example of a body has a curl sample of its own, which sends it', async () => {
  const env = { ...process.env, ...CREDENTIALS, MCP_SESSION_ID: SESSION };
  received.length = 0;
  const sent: unknown[] = [];
  for (const operation of operations) {
    const [, ...others] = Object.entries(operation.body?.content['application/json']?.examples ?? {});
    for (const [name, { value }] of others) {
      const sample = samplesOf(operation, url).find(({ label }) => label === `curl: ${name}`);
      await run('sh', ['-ec', sample?.source ?? 'exit 1'], { env });
      sent.push(value);
    }
  }
  expect(sent.length).toBeGreaterThan(15);
  expect(received.map(({ body }) => body)).toEqual(sent);
});

test('generated samples name the place of every credential, and hold the body', async () => {
  const generate = await loadSampleGenerator();
  for (const operation of operations) {
    const samples = generate(operation, 'https://gatehouse.example.com/gw');
    expect(samples.map(({ label }) => label)).toEqual([
      ...['Go (generated)', 'Java (generated)', 'C# (generated)', 'PHP (generated)'],
    ]);
    for (const { label, source } of samples) {
      const where = `${operation.id} in ${label}`;
      const named = source.match(/<(?:GATEHOUSE|MCP_ENDPOINT)_[A-Z_]+>/g) ?? [];
      expect(named, where).toHaveLength(operation.credentials.length);
      expect(source, where).toContain('https://gatehouse.example.com/gw');
      expect(source.includes('application/json'), where).toBe(operation.body !== undefined);
    }
  }
});

test('credentials come from the environment, never from the document', () => {
  for (const operation of operations) {
    for (const { label, source } of samplesOf(operation, 'https://gatehouse.example.com/gw')) {
      const named = operation.credentials.map(({ name }) => name);
      const sent = [...source.matchAll(/(?:GATEHOUSE|MCP_ENDPOINT)_[A-Z_]+/g)].map(([variable]) => variable);
      expect(sent, `${operation.id} in ${label}`).toHaveLength(named.length);
      expect(source).toContain('https://gatehouse.example.com/gw');
    }
  }
});

test('the typed samples are typed: strict TypeScript takes every one, and refuses one with a wrong field', () => {
  const files = new Map(
    operations.map((operation) => [
      join(import.meta.dirname, `${operation.id}.sample.ts`),
      `${sampleOf(operation, 'Typed client', 'http://localhost:8080')}\nexport {};\n`,
    ]),
  );
  const wrong = join(import.meta.dirname, 'wrong.sample.ts');
  const right = sampleOf(
    operations.find(({ id }) => id === 'createMcpServer') as DocsOperation,
    'Typed client',
    'http://localhost:8080',
  );
  files.set(wrong, `${right.replace("name: '", "nmae: '")}\nexport {};\n`);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: ['node'],
    skipLibCheck: true,
    paths: { 'mcp-gatehouse': [join(import.meta.dirname, '../../src/client/client.ts')] },
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name) ?? readFile(name);
  const { getSourceFile } = host;
  host.getSourceFile = (name, version, ...rest) => {
    const text = files.get(name);
    return text === undefined ? getSourceFile(name, version, ...rest) : ts.createSourceFile(name, text, version);
  };
  const mistakes = ts
    .getPreEmitDiagnostics(ts.createProgram([...files.keys()], options, host))
    .map(({ file, messageText }) => [file?.fileName, ts.flattenDiagnosticMessageText(messageText, '\n')]);
  expect(mistakes.filter(([file]) => file !== wrong)).toEqual([]);
  expect(mistakes.filter(([file]) => file === wrong)).toEqual([[wrong, expect.stringContaining('nmae')]]);
});
