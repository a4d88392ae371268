import type { ParameterPlan } from '../tools/types.ts';
import { holdsDotSegment } from './dot-segments.ts';
import { ArgumentError } from './errors.ts';
import { pathText } from './styles.ts';
import type { Arguments } from './types.ts';

/** The maximum number of filled-in characters of a path: servers accept request lines of 8 KiB, some of more. */
export const MAX_PATH_CHARS = 8 * 1024;

/**
 * Fills the path of the document with arguments, each inside its own segment. Values are percent-encoded. They are
 * refused if they are missing, empty, too long to check while other work waits, or if they make `.` or `..` a piece of
 * the path in any disguise: URLs, proxies and services resolve those.
 */
export function fillPath(path: string, parameters: readonly ParameterPlan[], args: Arguments): string {
  const values: string[] = [];
  const names: string[] = [];
  // Values hold no slash once they are encoded, names in the template may.
  const numbered = path.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const plan = parameters.find((parameter) => parameter.in === 'path' && parameter.name === name);
    names.push(plan?.argument ?? name);
    values.push(partOf(plan, name, args));
    return `{${values.length - 1}}`;
  });
  const chars = values.reduce((sum, value) => sum + value.length, path.length);
  if (chars > MAX_PATH_CHARS) {
    throw new ArgumentError(
      `The arguments ${names.map((name) => JSON.stringify(name)).join(', ')} make the path longer than ${MAX_PATH_CHARS} characters.`,
    );
  }
  return numbered
    .split('/')
    .map((segment) => {
      const inside: string[] = [];
      const filled = segment.replace(/\{(\d+)\}/g, (_, index: string) => {
        inside.push(JSON.stringify(names[Number(index)]));
        return values[Number(index)] ?? '';
      });
      if (inside.length > 0 && holdsDotSegment(filled)) {
        throw new ArgumentError(`The argument ${inside.join(', ')} must not make "." or ".." a part of the path.`);
      }
      return filled;
    })
    .join('/');
}

function partOf(plan: ParameterPlan | undefined, name: string, args: Arguments): string {
  const argument = plan?.argument ?? name;
  const value = Object.hasOwn(args, argument) ? args[argument] : null;
  if (plan === undefined || value === null || value === undefined) {
    throw new ArgumentError(`The argument ${JSON.stringify(argument)} is required: it is a part of the path.`);
  }
  const text = pathText(plan, value);
  if (text === '') {
    throw new ArgumentError(`The argument ${JSON.stringify(argument)} must not be empty: it is a part of the path.`);
  }
  return text;
}
