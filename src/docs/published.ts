import { type Document, operationsOf } from '../contract/document.ts';
import { defaultServer, docsDocument, docsOperation } from './document.ts';
import type { SampleGenerator } from './generated-samples.ts';
import { askServer, GUIDES } from './guides.ts';
import { samplesOf } from './samples.ts';

/** Returns the names of the APIs for the command line: `servers` for the group of tags "Servers API". */
export const apiNames = (document: Document): string[] =>
  docsDocument(document)['x-tagGroups'].map(({ name }) => apiName(name));

const apiName = (group: string): string => group.toLowerCase().replace(/ .*/, '');

/** Returns the document of some APIs: their operations, the components that they use, and what its texts say of them. */
export function onlyApis(document: Document, apis: readonly string[]): Document {
  const { info, 'x-tagGroups': groups, tags, paths, webhooks, components } = docsDocument(document);
  const group = groups.filter(({ name }) => apis.includes(apiName(name)));
  const wanted = new Set(group.flatMap((member) => member.tags));
  const foreign = new Set(
    operationsOf(document)
      .filter((operation) => !docsOperation(document, operation).tags.some((tag) => wanted.has(tag)))
      .map(({ path }) => path),
  );
  const kept = Object.fromEntries(Object.entries(paths).filter(([path]) => !foreign.has(path)));
  const events = Object.fromEntries(
    Object.entries(webhooks).filter(([, { post }]) => post.tags.some((tag) => wanted.has(tag))),
  );
  const used = usedComponents({ kept, events }, components);
  return {
    ...document,
    info: { ...info, ...{ description: withoutRows(info.description, groups, apis) } },
    ...{ tags: tags.filter(({ name }) => wanted.has(name)), 'x-tagGroups': group },
    paths: kept,
    webhooks: events,
    components: Object.fromEntries(
      Object.entries(components).map(([kind, members]) => [
        kind,
        Object.fromEntries(Object.entries(members).filter(([name]) => used.has(`#/components/${kind}/${name}`))),
      ]),
    ),
  };
}

/** Leaves out the rows of tables that begin with the name of another API. */
function withoutRows(text: string, groups: readonly { readonly name: string }[], apis: readonly string[]): string {
  const others = new Set(groups.map(({ name }) => apiName(name)).filter((name) => !apis.includes(name)));
  return text
    .split('\n')
    .filter((line) => !others.has(/^\| (\w+) \|/.exec(line)?.[1]?.toLowerCase() ?? ''))
    .join('\n');
}

/** Returns the document with another URL in `servers`, and in all examples. */
export function atServer(document: Document, url: string): Document {
  const moved = JSON.parse(askServer(JSON.stringify(document), JSON.stringify(url).slice(1, -1))) as Document;
  return { ...moved, ...{ servers: [{ url }] } };
}

/** Returns the document under another title. */
export const entitled = (document: Document, title: string): Document => ({
  ...document,
  info: { ...document.info, title },
});

/** Returns the document for the page: with samples for every operation, names of examples, and with the logo, if given. */
export function decorated(document: Document, logo: string | null, generate: SampleGenerator): Document {
  const copy = structuredClone(document);
  nameExamples(copy);
  const server = defaultServer(copy);
  for (const operation of operationsOf(copy)) {
    const docs = docsOperation(copy, operation);
    Object.assign(operation.object, {
      description: `${docs.description}\n\n[This operation on a page of its own](docs/${docs.id}.html)`,
      'x-codeSamples': [...samplesOf(docs, server), ...generate(docs, server)],
    });
  }
  const { info } = docsDocument(copy);
  Object.assign(info, {
    description: [
      `**Guides**: ${GUIDES.map(({ name, title }) => `[${title}](docs/${name}.html)`).join(' · ')}`,
      info.description.replaceAll(/\]\((docs\/\w+)\.md\b/g, ']($1.html'),
      'This documentation as [OpenAPI](openapi.json) and [for language models](llms.txt).',
    ].join('\n\n'),
    ...(logo !== null && { 'x-logo': { url: logo, altText: info.title } }),
  });
  return copy;
}

/** Puts the name of each example before its summary: the page shows summaries, and `Prefer: example=` wants names. */
function nameExamples(node: unknown): void {
  if (typeof node !== 'object' || node === null) {
    return;
  }
  for (const [key, member] of Object.entries(node)) {
    // Lists are examples of schemas, which have no names.
    if (key === 'examples' && !Array.isArray(member)) {
      for (const [name, example] of Object.entries(member as Record<string, { summary?: string }>)) {
        example.summary = `${name}: ${example.summary ?? ''}`;
      }
    } else if (key !== 'value') {
      nameExamples(member);
    }
  }
}

/** The pointers of all components that `root` names, directly or through others; security schemes are named bare. */
function usedComponents(root: unknown, components: Document['components']): ReadonlySet<string> {
  const used = new Set<string>();
  const use = (pointer: string): void => {
    const [kind = '', name = ''] = pointer.replace('#/components/', '').split('/');
    if (!used.has(pointer)) {
      used.add(pointer);
      visit(components[kind]?.[name]);
    }
  };
  const visit = (node: unknown): void => {
    for (const [key, member] of Object.entries(typeof node === 'object' && node !== null ? node : {})) {
      if (key === '$ref' && typeof member === 'string') {
        use(member);
      } else if (key === 'security' && Array.isArray(member)) {
        member
          .flatMap((schemes) => Object.keys(schemes))
          .forEach((name) => {
            use(`#/components/securitySchemes/${name}`);
          });
      } else {
        visit(member);
      }
    }
  };
  visit(root);
  return used;
}
