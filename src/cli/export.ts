import { rm, writeFile } from 'node:fs/promises';
import { readArguments } from './arguments.ts';
import { type Command, type Context, EXIT, line } from './command.ts';
import { GATEWAY_USAGE, GatewayRefused, gatewayAt } from './gateway.ts';
import { referencesOf, withoutSecrets, writeMcpJson } from './mcp-json-export.ts';

const USAGE = `Writes every shared server as JSON ("mcpServers"), for \`gatehouse import\` and for MCP clients.

  gatehouse export [--url URL] [--with-secrets] [--out FILE]

  --url URL       the gateway, such as http://127.0.0.1:8080
  --with-secrets  keeps the values of headers and env
  --out FILE      writes to a new file that only you can read, instead of standard output

Without --with-secrets, the export replaces each value of headers and env with a variable named after its server and
key, such as \${SEARCH_AUTHORIZATION}, unless the value already consists of variables. It keeps the values of args,
command, cwd and url: check them for secrets. Standard error lists the variables that a gateway needs when you import
the file. If you import the file into the same gateway, the current values of these variables stay.

${GATEWAY_USAGE}

For example:

  gatehouse export --out servers.json
  gatehouse export --with-secrets | gatehouse import - --url https://another.example.com

Exit status: 0 done, 1 failed (the message gives the reason), 2 wrong usage.
`;

/** `gatehouse export`. */
export const exportServers: Command = {
  synopsis: 'export',
  summary: 'writes the shared servers of a running gateway as an mcp.json',
  usage: async () => USAGE,
  run,
};

const OPTIONS = { url: { type: 'string' }, 'with-secrets': { type: 'boolean' }, out: { type: 'string' } } as const;

async function run({ args, env, stdout, stderr }: Context): Promise<number> {
  const { values } = readArguments(args, OPTIONS);
  const gateway = gatewayAt(values.url, env);
  try {
    const all = await gateway.list();
    const servers = values['with-secrets'] ? all : withoutSecrets(all);
    const text = writeMcpJson(servers);
    if (values.out === undefined) {
      stdout(text);
    } else {
      await writeNew(values.out, text);
    }
    const references = referencesOf(servers);
    if (references.length > 0) {
      stderr(line('Set these variables on the gateway that imports this file:'));
    }
    for (const { variable, place } of references) {
      stderr(line(`  ${variable}  (${place})`));
    }
    return EXIT.done;
  } catch (error) {
    if (error instanceof GatewayRefused || error instanceof NotWritten) {
      stderr(line(error.message));
      return EXIT.failed;
    }
    throw error;
  }
}

/** The file was not written: it does not exist, or is unchanged. */
class NotWritten extends Error {}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new NotWritten(`${file} already exists, and an export does not overwrite files. Choose another name.`);
    }
    // A part of the file, on a full disk, is of no use.
    await rm(file, { force: true });
    throw new NotWritten(`${file} cannot be written: ${code}`);
  }
}
