import { type ApiError, notFound } from '../base/errors.ts';

/** A 404: this organization does not have the object. Another organization may have it. */
export const objectNotFound = (what: 'integration' | 'integrated account' | 'MCP server', id: string): ApiError =>
  notFound(what, `No ${what} with id ${id}.`);
