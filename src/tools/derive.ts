import { createAccesses } from './accesses.ts';
import { createDraft, type Draft } from './draft.ts';
import { DocumentError, Unusable } from './errors.ts';
import { namingOf } from './naming.ts';
import { nodeOf, referencesIn, textOf } from './nodes.ts';
import { checkDocument, operationsOf, type Site } from './operations.ts';
import { readDocument } from './read.ts';
import { securityOf, serversOf } from './service.ts';
import { inheritanceIn } from './subtypes.ts';
import type { Derivation, DeriveOptions, Warning } from './types.ts';

/** Bytes of all tools of a document as JSON. */
const ALL_BYTES = 32 * 1024 * 1024;

/**
 * Derives tools from an OpenAPI 3.0 or 3.1 document in JSON or YAML, and facts about its service. Pure: the same
 * document and options give the same result, and a tool's name does not depend on the order of the operations.
 *
 * Operations that give no tool are listed as skipped, with the reason; faults of the document that cost no tool are
 * warnings. Throws a DocumentError, with the place, if the
 * document as a whole is unusable. Follows `$ref`s only inside the document. Leaves out an output schema that would
 * make its tool larger than 256 KiB, and all output schemas if the tools would be larger than 32 MiB.
 */
export function derive(source: Uint8Array | string, options: DeriveOptions): Derivation {
  const document = checkDocument(readDocument(source));
  const references = referencesIn(document);
  const siblings = /^3\.1/.test(textOf(document.openapi));
  const { sites, broken } = operationsOf(document, references);
  const naming = namingOf(options, sites);
  const reading = { references, inheritance: inheritanceIn(references, document), siblings };
  const draft = createDraft(options, reading, naming);
  const skipped = [...broken];
  const warnings: Warning[] = [];
  const skip = ({ verb, path }: Site, reason: string): void => {
    skipped.push({ operation: `${verb} ${path}`, reason });
  };
  const drafts: Draft[] = [];
  let size = 0;
  let outputSize = 0;
  for (const site of sites) {
    try {
      const next = draft(site);
      size += next.size;
      outputSize += next.output?.bytes ?? 0;
      // What was too much once is so for good: nothing is kept of it.
      drafts.push(size + outputSize > ALL_BYTES ? { ...next, output: null } : next);
    } catch (error) {
      if (!(error instanceof Unusable)) {
        throw error;
      }
      skip(site, error.message);
    }
    if (size > ALL_BYTES) {
      throw new DocumentError('The tools of the document would be larger than 32 MiB.', '/paths');
    }
  }
  const withOutputs = size + outputSize <= ALL_BYTES;
  const names = naming.namesOf(drafts);
  const accesses = createAccesses(document, sites);
  const tools = drafts.flatMap(({ site, tool, output, warnings: found }, index) => {
    const name = names[index] ?? null;
    if (name === null) {
      skip(site, 'Its name is taken by another operation.');
      return [];
    }
    const access = accesses.of(site);
    if (access === null) {
      skip(site, 'The operations of the document have more than 1,000 different requirements of security and servers.');
      return [];
    }
    warnings.push(...found.map((message) => ({ operation: `${site.verb} ${site.path}`, message })));
    const request = access === undefined ? tool.request : { ...tool.request, access };
    return [{ name, ...tool, request, ...(output !== null && withOutputs ? { outputSchema: output.schema } : {}) }];
  });
  const { title } = nodeOf(document.info);
  return {
    title: typeof title === 'string' ? title : '',
    servers: serversOf(document.servers),
    shared: naming.shared,
    security: securityOf(references, document),
    accesses: accesses.all,
    tools,
    skipped,
    warnings,
  };
}
