import { STANDARD_METHODS } from './types.ts';

/** The properties of a tool that a scope checks. Tools of MCP servers have no verb. */
export type Scoped = {
  readonly method: string;
  readonly verb?: string | undefined;
  readonly tags: readonly string[];
};

/** The same of a tool of a service, which is stored beside the tools. */
export type StoredSelector = Scoped & { readonly access?: number };

/** `config.methods` and `config.tags` of an endpoint; an absent key does not restrict. */
export type Scope = { readonly methods?: readonly string[] | undefined; readonly tags?: readonly string[] | undefined };

/** Whether a scope restricts anything. */
export const isScoped = ({ methods, tags }: Scope): boolean => methods !== undefined || tags !== undefined;

/** Returns a text that is equal for equal scopes. */
export const scopeKey = ({ methods, tags }: Scope): string => JSON.stringify([methods, tags]);

/** These words are HTTP verbs when they are written exactly so. */
const VERB_WORDS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  read: ['list', 'get'],
  write: ['create', 'update', 'delete'],
};

/**
 * Whether a tool matches a scope: at least one method selects it, and it has at least one of the tags.
 *
 * The exact upper-case words GET, POST, PUT, PATCH and DELETE select tools whose request has that verb. For every other
 * word, upper and lower case are equal: `read` is list and get; `write` is create, update and delete; `custom` is every
 * other method; any other word is the method of that name. Tags are compared exactly. An empty list selects nothing.
 */
export function matches(tool: Scoped, scope: Scope): boolean {
  return (
    (scope.methods === undefined || scope.methods.some((word) => selects(word, tool))) &&
    (scope.tags === undefined || scope.tags.some((tag) => tool.tags.includes(tag)))
  );
}

function selects(word: string, tool: Scoped): boolean {
  if (VERB_WORDS.includes(word)) {
    return tool.verb === word;
  }
  const wanted = word.toLowerCase();
  const method = tool.method.toLowerCase();
  if (wanted === 'custom') {
    return !(STANDARD_METHODS as readonly string[]).includes(method);
  }
  return Object.hasOwn(GROUPS, wanted) ? GROUPS[wanted]?.includes(method) === true : method === wanted;
}

/** Returns the tools that match a scope, in their order. */
export const selectTools = <T extends Scoped>(tools: readonly T[], scope: Scope): T[] =>
  tools.filter((tool) => matches(tool, scope));

/** Returns every method and every tag of the tools, sorted: the choices for a caller whose scope selects nothing. */
export function methodsAndTagsOf(tools: readonly Scoped[]): { methods: string[]; tags: string[] } {
  return {
    methods: [...new Set(tools.map(({ method }) => method))].toSorted(),
    tags: [...new Set(tools.flatMap(({ tags }) => tags))].toSorted(),
  };
}
