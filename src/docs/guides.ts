import { readFile } from 'node:fs/promises';
import { packageFile } from '../base/package-file.ts';
import { errorsPage } from './errors-page.ts';

/** A page for people that is not about one operation. `markdown` reads it; links lead to other guides. */
export type Guide = {
  readonly name: string;
  readonly title: string;
  /** One line for an index. */
  readonly summary: string;
  readonly markdown: () => Promise<string>;
};

const fileOf = (path: string) => () => readFile(packageFile(path), 'utf8');

/** All guides, in the order in which a newcomer reads them. */
export const GUIDES: readonly Guide[] = [
  {
    name: 'getting-started',
    title: 'Getting started',
    summary: 'from a credential to the first call of a tool',
    markdown: fileOf('docs/getting-started.md'),
  },
  {
    name: 'authentication',
    title: 'Authentication',
    summary: 'the credentials of each API, and how to get them',
    markdown: fileOf('docs/authentication.md'),
  },
  {
    name: 'console',
    title: 'Console',
    summary: 'the pages for people: sign in, approve calls, manage servers and endpoints',
    markdown: fileOf('docs/console.md'),
  },
  {
    name: 'approve-calls',
    title: 'Approve calls',
    summary: 'calls that wait for a person: what is approved, how to decide, what clients see',
    markdown: fileOf('docs/approve-calls.md'),
  },
  {
    name: 'errors',
    title: 'Errors',
    summary: 'every error code, what happened and what to do',
    markdown: async () => errorsPage(),
  },
  {
    name: 'pagination',
    title: 'Pagination',
    summary: 'how to read a list page by page',
    markdown: fileOf('docs/pagination.md'),
  },
  {
    name: 'limits',
    title: 'Limits and quotas',
    summary: 'how much you can send and keep',
    markdown: fileOf('docs/limits.md'),
  },
  {
    name: 'webhooks',
    title: 'Webhooks',
    summary: 'events about approval requests, also in Slack, Teams, PagerDuty and mail',
    markdown: fileOf('docs/webhooks.md'),
  },
  {
    name: 'clients',
    title: 'Clients',
    summary: 'endpoints in Claude, Cursor, VS Code, the Inspector and the SDK',
    markdown: fileOf('docs/clients.md'),
  },
  {
    name: 'compatibility',
    title: 'Compatibility',
    summary: 'which clients can do which things with which servers',
    markdown: fileOf('docs/compatibility.md'),
  },
  {
    name: 'versioning',
    title: 'Versioning',
    summary: 'which changes are breaking',
    markdown: fileOf('VERSIONING.md'),
  },
  { name: 'changelog', title: 'Changelog', summary: 'the changes of each version', markdown: fileOf('CHANGELOG.md') },
];

/** Addresses of a server on this machine, as guides and the document write them. */
const LOCAL_SERVER = /http:\/\/(?:localhost|127\.0\.0\.1):8080/g;

/** Returns a text that asks `server` wherever it asked a server on this machine. */
export const askServer = (text: string, server: string): string => text.replaceAll(LOCAL_SERVER, () => server);
