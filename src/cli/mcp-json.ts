import { getNodeValue, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { isObject } from '../base/is-object.ts';
import { type Entry, readEntry, type Surroundings } from './mcp-json-entry.ts';

/** The file contains no MCP servers in a known form. The message continues after the name of the file. */
export class UnusableFile extends Error {}

/** One of the known forms of a file. */
type Form = { readonly servers: Readonly<Record<string, unknown>>; readonly inputs: unknown };

/**
 * Reads the configuration file of an MCP client: `mcpServers` (Claude, Cursor and many others, and our own export),
 * `servers` (VS Code's mcp.json) or `mcp.servers` (its settings.json). Comments and trailing commas are allowed, as in
 * VS Code. Returns the entries in the order of the file. Throws UnusableFile.
 */
export function readMcpJson(text: string): Entry[] {
  const document = parse(text);
  const forms = isObject(document) ? formsOf(document) : [];
  if (forms.length === 0) {
    throw new UnusableFile(
      'has no "mcpServers", "servers" or "mcp": {"servers"}, so it is not a configuration file of an MCP client',
    );
  }
  const surroundings: Surroundings = { inputs: descriptionsOf(forms), inputOf: new Map() };
  const entries = forms.flatMap(({ servers }) =>
    Object.entries(servers).map(([key, entry]) => readEntry(key, entry, surroundings)),
  );
  if (entries.length === 0) {
    throw new UnusableFile('contains no servers');
  }
  return entries;
}

/** Parsed objects have no prototype, so that `__proto__` is a key like any other. */
function parse(text: string): unknown {
  const errors: ParseError[] = [];
  const json = text.replace(/^\uFEFF/, '');
  try {
    const tree = parseTree(json, errors, { allowTrailingComma: true });
    const [error] = errors;
    if (tree === undefined || error !== undefined) {
      throw new UnusableFile(`is not valid JSON: ${error === undefined ? 'it is empty' : placed(json, error)}`);
    }
    return getNodeValue(tree);
  } catch (error) {
    // The parser is recursive.
    throw error instanceof RangeError ? new UnusableFile('is not readable JSON: it is nested too deeply') : error;
  }
}

/** Describes an error and its place, without any text of the file. */
function placed(json: string, { error, offset }: ParseError): string {
  const lines = json.slice(0, offset).split('\n');
  const words = printParseErrorCode(error)
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
  return `${words} in line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

function formsOf(document: Readonly<Record<string, unknown>>): Form[] {
  const { mcpServers, servers, inputs, mcp } = document;
  const settings = isObject(mcp) ? mcp : {};
  const candidates = [
    { servers: mcpServers, inputs },
    { servers, inputs },
    { servers: settings.servers, inputs: settings.inputs },
  ];
  return candidates.filter((form): form is Form => isObject(form.servers));
}

function descriptionsOf(forms: readonly Form[]): Map<string, string> {
  const inputs = forms.flatMap((form) => (Array.isArray(form.inputs) ? form.inputs : [])).filter(isObject);
  return new Map(inputs.map(({ id, description }) => [String(id), typeof description === 'string' ? description : '']));
}
