import { readJson } from '../base/read-json.ts';

/** Parses a JSON text; returns undefined for invalid JSON. */
export function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}
