import {
  CUT_CHARS,
  countOf,
  customMethod,
  finalNames,
  type Identity,
  identityByFirstNaming,
  plainName,
  standardMethod,
} from './names.ts';
import type { Site } from './operations.ts';
import { postMethod } from './post-methods.ts';
import { singularOf } from './singular.ts';
import { snake } from './snake.ts';
import type { Annotations, DeriveOptions, Verb } from './types.ts';

/** A tool to name. */
type Named = { readonly site: Site; readonly tool: Identity & { readonly verb: Verb } };

/** The rules by which operations of a document get resources, methods and names. */
export type Naming = {
  /** The static segments at the start of all paths, in snake case, which leave the resources; `naming` 1 keeps them. */
  readonly shared: readonly string[];
  /** `canRead`: the body is one that a read can have. */
  readonly identityOf: (site: Site, canRead: boolean) => Identity;
  readonly annotationsOf: (site: Site, method: string) => Annotations;
  /** The names of all tools; null for one that even a hash does not tell from another. */
  readonly namesOf: (tools: readonly Named[]) => (string | null)[];
};

/** Returns the rules of an integration. The shared segments of an earlier derivation stay, so that names are stable. */
export function namingOf({ integration, naming = 2, shared }: DeriveOptions, sites: readonly Site[]): Naming {
  if (naming === 1) {
    return {
      shared: [],
      identityOf: identityByFirstNaming,
      annotationsOf: ({ verb }) => verbHints(verb),
      namesOf: (tools) => finalNames(tools.map(({ site, tool }) => ({ ...site, plain: plainName(integration, tool) }))),
    };
  }
  const left = shared ?? sharedBy(sites);
  return {
    shared: left,
    identityOf: (site, canRead) => identityOf(site, left, canRead),
    annotationsOf: hintsOf,
    namesOf: (tools) => readableNames(integration, tools),
  };
}

/** Endings of files and programs that say nothing of the resource. */
const SUFFIX = /(?<=.)\.(json|xml|ya?ml|html?|php|aspx?|jsp)$/i;

/** The static segments of a path, in snake case. */
const staticsOf = ({ template }: Site): string[] =>
  template
    .split('/')
    .filter((segment) => !segment.includes('{'))
    .map((segment) => snake(segment.replace(SUFFIX, '')))
    .filter((segment) => segment !== '');

/** The segments at the start of all paths; none for a document of one path, where they are all that there is. */
function sharedBy(sites: readonly Site[]): string[] {
  const [first, ...others] = [...new Map(sites.map((site) => [site.template, staticsOf(site)])).values()];
  if (first === undefined || others.every((each) => each.join('/') === first.join('/'))) {
    return [];
  }
  const length = others.reduce((common, each) => {
    const differs = first.slice(0, common).findIndex((segment, index) => segment !== each[index]);
    return differs < 0 ? common : differs;
  }, first.length);
  return first.slice(0, length);
}

function identityOf(site: Site, shared: readonly string[], canRead: boolean): Identity {
  const { verb, path, template, hasPatch, operation } = site;
  const statics = staticsOf(site);
  const isShared = shared.every((segment, index) => segment === statics[index]);
  // A query or a fragment in the path tells operations apart.
  const extra = snake(path.slice(template.length));
  const own = isShared ? statics.slice(shared.length) : statics;
  const resource =
    [...(own.length > 0 ? own : statics.slice(-1)), ...(extra === '' ? [] : [extra])].join('_') || 'root';
  const last = template.split('/').findLast((segment) => segment !== '') ?? '';
  const standard = standardMethod(verb, last.includes('{'), hasPatch);
  if (standard === 'create') {
    return { resource, method: postMethod(last.replace(SUFFIX, ''), operation.operationId, canRead) ?? 'create' };
  }
  return { resource, method: standard ?? customMethod(verb, last, operation.operationId) };
}

function verbHints(verb: Verb): Annotations {
  return {
    ...(verb === 'GET' ? { readOnlyHint: true } : {}),
    ...(verb === 'DELETE' ? { destructiveHint: true } : {}),
    ...(verb === 'PUT' ? { idempotentHint: true } : {}),
  };
}

/** A POST that reads or removes says so; one on a single object is custom, and removes if its words say that. */
function hintsOf({ verb, template, operation }: Site, method: string): Annotations {
  if (verb !== 'POST') {
    return verbHints(verb);
  }
  const removes =
    method === 'delete' || postMethod(template.split('/').at(-1) ?? '', operation.operationId, false) === 'delete';
  return {
    ...(method === 'list' || method === 'get' ? { readOnlyHint: true } : {}),
    ...(removes ? { destructiveHint: true } : {}),
  };
}

function readableNames(integration: string, tools: readonly Named[]): (string | null)[] {
  const whole = tools.map(({ tool }) => plainName(integration, tool, singularOf));
  const short = tools.map(({ tool }) => plainName(integration, { ...tool, resource: withoutVerb(tool) }, singularOf));
  const [wholeCount, shortCount] = [countOf(whole), countOf(short)];
  const named = tools.map(({ site }, index) => {
    const [long = '', brief = ''] = [whole[index], short[index]];
    const isFree = shortCount.get(brief) === 1 && (wholeCount.get(brief) ?? 0) === (brief === long ? 1 : 0);
    return { verb: site.verb, path: site.path, plain: isFree ? brief : long };
  });
  return finalNames(named, (plain) => cutWords(plain, snake(integration).split('_').length));
}

/** The resource without a last word that the method says, too: the list of `documents_list` is of `documents`. */
function withoutVerb({ resource, method, verb }: Named['tool']): string {
  const end = `_${method}`;
  return verb === 'POST' && resource.endsWith(end) ? resource.slice(0, -end.length) : resource;
}

/** Leaves out words from the middle, where names of one family differ least. `prefix`: the words of the integration. */
function cutWords(plain: string, prefix: number): string {
  const words = plain.split('_');
  // The pattern, the integration, and a word of the resource; the last word, and the pattern after it.
  const head = (/^(list_all|get_single|create_a|update_a|delete_a)_/.test(plain) ? 2 : 0) + prefix + 1;
  const tail = plain.endsWith('_by_id') ? 3 : 1;
  let chars = plain.length;
  while (chars > CUT_CHARS && words.length > head + tail) {
    const [gone = ''] = words.splice(head + Math.floor((words.length - head - tail) / 2), 1);
    chars -= gone.length + 1;
  }
  return words.join('_').slice(0, CUT_CHARS).replace(/_$/, '');
}
