import { STATUS_CODES } from 'node:http';
import { isObject, parseJson } from '../base/json.ts';
import { hasMoreValues } from '../base/json-text.ts';
import { splitJson } from '../base/split-json.ts';
import { toOneLine, Unparsed } from '../base/unparsed.ts';
import type { DerivedTool } from '../tools/types.ts';
import { binaryContent, textOfAnswer } from './content.ts';
import type { CallToolResult, HttpAnswer } from './types.ts';

/** The maximum number of values in a parsed answer. */
export const MAX_VALUES = 100_000;

/** The facts that a result needs besides the answer. */
export type ResultFacts = {
  readonly tool: Pick<DerivedTool, 'outputSchema'>;
  /** The host of the service, for messages. */
  readonly host: string;
  /** Masks credentials in a text. */
  readonly redact: (text: string) => Promise<string>;
};

/** Makes an error result with a message. */
export const failure = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true });

/** Whether the answer is parsed, and not only passed on as text. */
export const isParsed = ({ status }: HttpAnswer, { outputSchema }: ResultFacts['tool']): boolean =>
  outputSchema !== undefined || status < 200 || status > 299;

/**
 * Makes the result of a tool from an answer. 2xx: the unchanged text, digit for digit, and structured content if the
 * tool has an output schema and the text is a JSON object; bytes become an image or an embedded resource. Every other
 * answer, including a redirect, becomes an error with the envelope of a remote error as its text.
 */
export async function resultOf(answer: HttpAnswer, { tool, host, redact }: ResultFacts): Promise<CallToolResult> {
  const { status, bytes } = answer;
  const said = `${host} answered ${statusText(status)}`;
  if (status < 200 || status > 299) {
    return failure(await redact(JSON.stringify(envelopeOf(answer, said))));
  }
  if (bytes.length === 0) {
    return { content: [{ type: 'text', text: `${said} without content.` }] };
  }
  const found = textOfAnswer(answer);
  if (found === null) {
    return { content: [binaryContent(answer)] };
  }
  const text = await redact(found);
  const value = tool.outputSchema === undefined ? undefined : await structured(text);
  return { content: [{ type: 'text', text }], ...(isObject(value) ? { structuredContent: value } : {}) };
}

/** The value of a text; of one with many values, an object that is checked and not parsed. Undefined for no JSON. */
async function structured(text: string): Promise<unknown> {
  if (!hasMoreValues(text, MAX_VALUES)) {
    return parseJson(text);
  }
  const whole = await splitJson(text, { levels: 0, mostParts: Number.POSITIVE_INFINITY });
  return typeof whole === 'object' && whole.kind === 'object' ? new Unparsed(await toOneLine(text)) : undefined;
}

/** The envelope of a failed remote call; a 429 has the limits beside it, `x-ratelimit-…` under its plain name. */
function envelopeOf(answer: HttpAnswer, said: string): Readonly<Record<string, unknown>> {
  const { status, headers, bytes } = answer;
  const isRedirect = status >= 300 && status <= 399;
  const text = textOfAnswer(answer);
  const limits = Object.entries(headers)
    .filter(([name]) => status === 429 && /^(?:retry-after|(?:x-)?ratelimit(?:-.*)?)$/.test(name))
    // A name without the `x-` comes later and wins.
    .toSorted(([a], [b]) => (a < b ? 1 : -1))
    .map(([name, value]) => [name.replace(/^x-/, ''), value]);
  return {
    statusCode: status,
    message: isRedirect ? `${said}, a redirect. Redirects are not followed.` : `${said}.`,
    truto_is_remote_error: true,
    raw_response:
      text === null
        ? `${bytes.length} bytes that are no text`
        : hasMoreValues(text, MAX_VALUES)
          ? text
          : (parseJson(text) ?? text),
    ...Object.fromEntries(limits),
  };
}

const statusText = (status: number): string => `${status} ${STATUS_CODES[status] ?? ''}`.trim();
