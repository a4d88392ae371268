import { type ApiError, notFound } from '../base/errors.ts';

/** 404 for what this organization does not have, whoever else may. */
export const missing = (what: 'integration' | 'integrated account' | 'MCP server', id: string): ApiError =>
  notFound(what, `No ${what} with id ${id}.`);
