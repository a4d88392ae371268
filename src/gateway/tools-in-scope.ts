import type { Holder } from '../base/held-memory.ts';
import type { Scoped } from '../tools/scope.ts';

/** A tool that an endpoint shows. */
export type ShownTool = Scoped & {
  /** As `tools/list` answers it; the name is a string. */
  readonly definition: Readonly<Record<string, unknown>>;
  readonly resource: string;
};

/** The tools in the scope of an endpoint. */
export type ToolsInScope = {
  readonly find: (name: string) => ShownTool | undefined;
  /** Returns the tools after the tool `after`, or all of them, in the order of the source. */
  readonly values: (after?: string) => Iterable<ShownTool>;
};

/** The source of the tools that an endpoint shows. */
export type ShownSource = {
  /** Equal for equal tools while `madeFrom` is the same. */
  readonly key: string;
  readonly holder: Holder;
  /** The object that the tools come from; null if the key identifies them. */
  readonly madeFrom: object | null;
  readonly tools: () => ToolsInScope | Promise<ToolsInScope>;
};
