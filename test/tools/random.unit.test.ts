import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bodyArgumentsOf } from '../../src/tools/body-arguments.ts';
import { derive } from '../../src/tools/derive.ts';
import { documents } from './support/random.ts';
import { compile, danglingReferences, unreachableDefinitions } from './support/schemas.ts';

const OPTIONS = { integration: 'random-1' };
const namesOf = (document: unknown) =>
  derive(JSON.stringify(document), OPTIONS)
    .tools.map(({ verb, request, name }) => [`${verb} ${request.path}`, name])
    .toSorted();

it('any document gives tools with valid, different names and schemas that compile, or a reason per operation', () => {
  let tools = 0;
  fc.assert(
    fc.property(documents, (document) => {
      const found = derive(JSON.stringify(document), OPTIONS);
      tools += found.tools.length;
      expect(JSON.parse(JSON.stringify(found))).toEqual(found);
      expect(new Set(found.tools.map(({ name }) => name)).size).toBe(found.tools.length);
      for (const { name, description, inputSchema, outputSchema, request } of found.tools) {
        expect(name).toMatch(/^[a-z0-9_]{1,64}$/);
        expect(description).not.toBe('');
        for (const schema of outputSchema === undefined ? [inputSchema] : [inputSchema, outputSchema]) {
          expect(danglingReferences(schema)).toEqual([]);
          expect(unreachableDefinitions(schema)).toEqual([]);
          compile(schema);
        }
        const used = [...request.parameters.map(({ argument }) => argument), ...bodyArgumentsOf(request.body)];
        // Keys like `0` come first in any object.
        expect(used.toSorted()).toEqual(Object.keys(inputSchema.properties as object).toSorted());
        for (const argument of used) {
          expect(argument).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
        }
      }
      for (const { reason } of found.skipped) {
        expect(reason).toMatch(/^.+\.$/s);
      }
    }),
    { numRuns: 60 },
  );
  expect(tools).toBeGreaterThan(20);
});

it('names do not depend on the order of the document', () => {
  const turned = <T>(value: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(value).toReversed());
  fc.assert(
    fc.property(documents, (document) => {
      const paths = Object.fromEntries(
        Object.entries(document.paths as Record<string, unknown>).map(([path, item]) => [
          path,
          typeof item === 'object' && item !== null && !Array.isArray(item)
            ? turned(item as object as Record<string, unknown>)
            : item,
        ]),
      );
      expect(namesOf({ ...document, paths: turned(paths) })).toEqual(namesOf(document));
    }),
  );
});
