import { type Document, operationsOf } from '../contract/document.ts';
import { defaultServer, docsDocument, docsOperation } from './document.ts';
import { GUIDES } from './guides.ts';
import { samplesOf } from './samples.ts';

/** Returns the names of the APIs for the command line: `servers` for the group of tags "Servers API". */
export const apiNames = (document: Document): string[] =>
  docsDocument(document)['x-tagGroups'].map(({ name }) => apiName(name));

const apiName = (group: string): string => group.toLowerCase().replace(/ .*/, '');

/** Returns the document of one API: its operations and the components that they use. */
export function onlyApi(document: Document, api: string): Document {
  const { 'x-tagGroups': groups, tags, paths, components } = docsDocument(document);
  const group = groups.filter(({ name }) => apiName(name) === api);
  const wanted = new Set(group.flatMap((member) => member.tags));
  const foreign = new Set(
    operationsOf(document)
      .filter((operation) => !docsOperation(document, operation).tags.some((tag) => wanted.has(tag)))
      .map(({ path }) => path),
  );
  const kept = Object.fromEntries(Object.entries(paths).filter(([path]) => !foreign.has(path)));
  const used = usedComponents(kept, components);
  return {
    ...document,
    ...{ tags: tags.filter(({ name }) => wanted.has(name)), 'x-tagGroups': group },
    paths: kept,
    components: Object.fromEntries(
      Object.entries(components).map(([kind, members]) => [
        kind,
        Object.fromEntries(Object.entries(members).filter(([name]) => used.has(`#/components/${kind}/${name}`))),
      ]),
    ),
  };
}

/** Returns the document with another URL in `servers`. */
export const atServer = (document: Document, url: string): Document => ({ ...document, ...{ servers: [{ url }] } });

/** Returns the document for the page: with samples for every operation, and with the logo, if given. */
export function decorated(document: Document, logo: string | null): Document {
  const copy = structuredClone(document);
  for (const operation of operationsOf(copy)) {
    const { id, description } = docsOperation(copy, operation);
    Object.assign(operation.object, {
      description: `${description}\n\n[This operation on a page of its own](docs/${id}.html)`,
      'x-codeSamples': samplesOf(docsOperation(copy, operation), defaultServer(copy)),
    });
  }
  const { info } = docsDocument(copy);
  Object.assign(info, {
    description: [
      info.description.replaceAll(/\]\((docs\/\w+)\.md\b/g, ']($1.html'),
      `**Guides**: ${GUIDES.map(({ name, title }) => `[${title}](docs/${name}.html)`).join(' · ')}`,
      'This documentation as [OpenAPI](openapi.json) and [for language models](llms.txt).',
    ].join('\n\n'),
    ...(logo !== null && { 'x-logo': { url: logo, altText: info.title } }),
  });
  return copy;
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
