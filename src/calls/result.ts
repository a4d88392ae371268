import { STATUS_CODES } from 'node:http';
import { isObject } from '../base/is-object.ts';
import { parseJson } from '../base/json.ts';
import { hasMoreValues } from '../base/json-text.ts';
import { splitJson } from '../base/split-json.ts';
import { toOneLine, Unparsed } from '../base/unparsed.ts';
import type { DerivedTool } from '../tools/types.ts';
import { binaryContent, textOfAnswer } from './content.ts';
import { targetOf } from './redirects.ts';
import type { CallToolResult, Content, HttpAnswer } from './types.ts';

/** The maximum number of values in a parsed answer. */
export const MAX_RESULT_VALUES = 100_000;

/** The facts that a result needs besides the answer. */
export type ResultFacts = {
  readonly tool: Pick<DerivedTool, 'outputSchema'>;
  /** The URL that gave the answer. */
  readonly url: URL;
  /** Where the answer leads, if it is a redirect that the document lists and that was not followed. */
  readonly link: URL | null;
  /** Masks credentials in a text. */
  readonly redact: (text: string) => Promise<string>;
};

/** Makes an error result with a message. */
export const failure = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true });

/** Whether the answer is parsed, and not only passed on as text. */
export const isParsed = ({ status }: HttpAnswer, { outputSchema }: ResultFacts['tool']): boolean =>
  outputSchema !== undefined || status < 200 || status > 299;

/**
 * Makes the result of a tool from an answer. 2xx: the unchanged text, digit for digit; bytes become an image or an
 * embedded resource. A link: a resource link. Every other answer becomes an error with the envelope of a remote error as
 * its text. If the tool has an output schema, every result but an error has structured content, which clients require:
 * the JSON object of the answer, `{}` for an empty answer, and `{"result": …}` for anything else.
 */
export async function resultOf(answer: HttpAnswer, facts: ResultFacts): Promise<CallToolResult> {
  const { tool, url, link, redact } = facts;
  const { status, bytes } = answer;
  const said = `${url.host} answered ${statusText(status)}`;
  const made = (content: Content, structured: StructuredContent): CallToolResult =>
    tool.outputSchema === undefined ? { content: [content] } : { content: [content], structuredContent: structured };
  if (link !== null) {
    const uri = await redact(link.href);
    const text = `${said}: the resource is at ${uri}`;
    const { content, ...rest } = made({ type: 'text', text }, { result: uri });
    return { content: [...content, { type: 'resource_link', uri, name: nameOf(uri) }], ...rest };
  }
  if (status < 200 || status > 299) {
    return failure(await redact(JSON.stringify(envelopeOf(answer, said, url))));
  }
  if (bytes.length === 0) {
    return made({ type: 'text', text: `${said} without content.` }, {});
  }
  const found = textOfAnswer(answer);
  if (found === null) {
    const { content, mimeType } = binaryContent(answer);
    return made(content, { result: { mimeType, size: bytes.length } });
  }
  const text = await redact(found);
  return made({ type: 'text', text }, tool.outputSchema === undefined ? {} : await structured(text));
}

type StructuredContent = NonNullable<CallToolResult['structuredContent']>;

/** The JSON object of a text, or its JSON value or the text itself as `result`. Many values are checked, not parsed. */
async function structured(text: string): Promise<StructuredContent> {
  if (!hasMoreValues(text, MAX_RESULT_VALUES)) {
    const value = parseJson(text);
    return isObject(value) ? value : { result: value === undefined ? text : value };
  }
  const whole = await splitJson(text, { levels: 0, mostParts: Number.POSITIVE_INFINITY });
  if (typeof whole !== 'object') {
    return { result: text };
  }
  const value = new Unparsed(await toOneLine(text));
  return whole.kind === 'object' ? value : { result: value };
}

/** The last segment of the path of a URI, or its host. */
const nameOf = (uri: string): string => /([^/?#]+)\/*(?:[?#]|$)/.exec(uri)?.[1] ?? uri;

/** The envelope of a failed remote call; a 429 has the limits beside it, `x-ratelimit-…` under its plain name. */
function envelopeOf(answer: HttpAnswer, said: string, url: URL): Readonly<Record<string, unknown>> {
  const { status, headers, bytes } = answer;
  const target = targetOf(answer, url);
  const text = textOfAnswer(answer);
  const limits = Object.entries(headers)
    .filter(([name]) => status === 429 && /^(?:retry-after|(?:x-)?ratelimit(?:-.*)?)$/.test(name))
    // A name without the `x-` comes later and wins.
    .toSorted(([a], [b]) => (a < b ? 1 : -1))
    .map(([name, value]) => [name.replace(/^x-/, ''), value]);
  return {
    statusCode: status,
    message: target === null ? `${said}.` : `${said}, a redirect that the document does not list, to ${target.href}`,
    truto_is_remote_error: true,
    raw_response:
      text === null
        ? `${bytes.length} bytes that are no text`
        : hasMoreValues(text, MAX_RESULT_VALUES)
          ? text
          : (parseJson(text) ?? text),
    ...Object.fromEntries(limits),
  };
}

const statusText = (status: number): string => `${status} ${STATUS_CODES[status] ?? ''}`.trim();
