import type { Unparsed } from '../base/unparsed.ts';
import type { Verb } from '../tools/types.ts';

/** The received arguments of a tool: JSON, whose numbers may be `JSON.rawJSON` so that they keep their digits. */
export type Arguments = Readonly<Record<string, unknown>>;

/** The credential of an account and its place in the request. `value` is secret. */
export type Credential = {
  readonly in: 'header' | 'query' | 'cookie';
  readonly name: string;
  /** The value as written in a header; a query encodes it. */
  readonly value: string;
};

/** One HTTP request, ready to send. Names of headers are in lower case. The URL and the headers may hold credentials. */
export type HttpRequest = {
  readonly method: Verb;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
};

/** One complete HTTP answer without content coding. Names of headers are in lower case. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
};

/** Blocks of MCP's `CallToolResult` (specification 2025-11-25, "Tools"); `data` and `blob` are base64. */
export type Content =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly data: string; readonly mimeType: string }
  | {
      readonly type: 'resource';
      readonly resource: { readonly uri: string; readonly mimeType: string; readonly blob: string };
    }
  /** Since the version 2025-06-18. A text beside it says the same. */
  | { readonly type: 'resource_link'; readonly uri: string; readonly name: string };

/**
 * The result of `tools/call` in MCP's format. Write it with `writeJson`: numbers that JavaScript cannot represent are
 * `JSON.rawJSON`, and structured content with many values is `Unparsed`.
 */
export type CallToolResult = {
  readonly content: readonly Content[];
  readonly structuredContent?: Readonly<Record<string, unknown>> | Unparsed;
  readonly isError?: true;
};

/** The parts of a request that determine its destination and its method. */
export type Sent = {
  /** With its query. */
  readonly url: URL;
  /** Names, in any case. */
  readonly headers: readonly string[];
};
