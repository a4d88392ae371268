import { type RequestHandler, Router } from 'express';

/** The words of RFC 6749, section 5.2: ASCII without quotes and backslashes. */
const REFUSAL = {
  error: 'access_denied',
  error_description:
    'Gatehouse has no sign-in for MCP clients. The token of this endpoint is unknown, has expired or was revoked, or the endpoint also wants an API token. Correct the URL or the Authorization header, or create a new endpoint.',
} as const;

const refuse: RequestHandler = (_request, response) => {
  response.status(400).set('Cache-Control', 'no-store').json(REFUSAL);
};

/**
 * Routes of the paths at which MCP clients look for an authorization server after a 401 (MCP 2025-03-26,
 * "Authorization", default URLs). They refuse every request with an error of OAuth (RFC 6749, section 5.2; RFC 7591,
 * section 3.2.2), because that is the error that these clients show to people. They are not in the document: no client
 * of an API calls them.
 */
export function refuseSignIn(): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const path of ['/register', '/token', '/authorize']) {
    router.all(path, refuse);
  }
  return router;
}
