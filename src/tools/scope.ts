import { STANDARD_METHODS } from './types.ts';

/** What a scope looks at. Tools of MCP servers have no verb. */
export type Scoped = {
  readonly method: string;
  readonly verb?: string | undefined;
  readonly tags: readonly string[];
};

/** `config.methods` and `config.tags` of an endpoint; what is absent does not restrict. */
export type Scope = { readonly methods?: readonly string[] | undefined; readonly tags?: readonly string[] | undefined };

/** Whether a scope lets through less than everything. */
export const isScoped = ({ methods, tags }: Scope): boolean => methods !== undefined || tags !== undefined;

/** The same text for the same scope. */
export const scopeKey = ({ methods, tags }: Scope): string => JSON.stringify([methods, tags]);

/** These words are HTTP verbs when they are written exactly so. */
const VERB_WORDS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  read: ['list', 'get'],
  write: ['create', 'update', 'delete'],
};

/**
 * Whether a scope lets a tool through: any of the methods selects it, and it carries any of the tags.
 *
 * The exact upper-case words GET, POST, PUT, PATCH and DELETE select tools whose request has that verb. Every other word
 * is compared without regard to case: `read` is list and get, `write` is create, update and delete, `custom` is every
 * other method, and any other word is the method of that name. Tags are compared exactly. An empty list selects nothing.
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

/** The tools that a scope lets through, in their order. */
export const selectTools = <T extends Scoped>(tools: readonly T[], scope: Scope): T[] =>
  tools.filter((tool) => matches(tool, scope));

/** Every method and every tag of the tools, sorted: what a caller whose scope selects nothing can choose from. */
export function methodsAndTagsOf(tools: readonly Scoped[]): { methods: string[]; tags: string[] } {
  return {
    methods: [...new Set(tools.map(({ method }) => method))].toSorted(),
    tags: [...new Set(tools.flatMap(({ tags }) => tags))].toSorted(),
  };
}
