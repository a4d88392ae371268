import { PUBLIC_PATH, queries } from '../api.ts';
import type { Operation } from './document.ts';

/** Characters of a body that are shown: a stream may never end. */
const MAX_SHOWN_CHARS = 200_000;

/** The values of a request: parameters by name, and the text of the body. */
export type Values = { readonly parameters: Readonly<Record<string, string>>; readonly body: string };

/** An answer as far as it has come. */
export type Answer = {
  /** Such as `200 OK`. */
  readonly status: string;
  readonly isOk: boolean;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** Whether more may come. */
  readonly isOpen: boolean;
  /** Whether only the first part of the body is here. */
  readonly isCut: boolean;
};

/** The path and query of a request. */
export function urlOf({ path, parameters }: Operation, values: Values['parameters']): string {
  const given = parameters.filter(({ name }) => (values[name] ?? '') !== '');
  const filled = given
    .filter((one) => one.in === 'path')
    .reduce((text, { name }) => text.replace(`{${name}}`, encodeURIComponent(values[name] ?? '')), path);
  const query = new URLSearchParams(
    given.filter((one) => one.in === 'query').map(({ name }) => [name, values[name] ?? '']),
  );
  return `${PUBLIC_PATH}${filled}${query.size === 0 ? '' : `?${query}`}`;
}

/**
 * Sends a request with the session of this browser, and tells the answer each time that a part of it comes. It goes around
 * `client`, which would throw answers that are errors, where this page shows them whole.
 */
export async function send(
  operation: Operation,
  { parameters, body }: Values,
  signal: AbortSignal,
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  const headers = new Headers(
    operation.parameters
      .filter(({ in: place, name }) => place === 'header' && (parameters[name] ?? '') !== '')
      .map(({ name }): [string, string] => [name, parameters[name] ?? '']),
  );
  if (operation.bodies !== null) {
    headers.set('Content-Type', 'application/json');
  }
  const response = await fetch(urlOf(operation, parameters), {
    method: operation.method.toUpperCase(),
    headers,
    signal,
    credentials: 'same-origin',
    // The page of an OpenID provider is none of this origin.
    redirect: 'manual',
    ...(operation.bodies !== null && { body }),
  });
  const answer: Answer = {
    status: response.type === 'opaqueredirect' ? 'A redirect' : `${response.status} ${response.statusText}`.trim(),
    isOk: response.ok,
    headers: [...response.headers],
    body: '',
    isOpen: true,
    isCut: false,
  };
  onAnswer(answer);
  const shown = { text: '', isCut: false };
  for await (const part of partsOf(response)) {
    shown.text += part;
    shown.isCut = shown.text.length > MAX_SHOWN_CHARS;
    shown.text = shown.text.slice(0, MAX_SHOWN_CHARS);
    onAnswer({ ...answer, body: shown.text, isCut: shown.isCut });
    if (shown.isCut) {
      break;
    }
  }
  onAnswer({ ...answer, body: shown.text, isCut: shown.isCut, isOpen: false });
  if (operation.method !== 'get' && response.ok) {
    // A change may show on any page.
    void queries.invalidateQueries();
  }
}

async function* partsOf({ body }: Response): AsyncGenerator<string> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      yield part.value;
    }
  } finally {
    await reader?.cancel();
  }
}
