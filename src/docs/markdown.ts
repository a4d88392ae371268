import { STATUS_CODES } from 'node:http';
import { CATALOGUE } from '../base/errors.ts';
import { type Document, resolve } from '../contract/document.ts';
import {
  type Content,
  type DocsOperation,
  type DocsResponse,
  docsDocument,
  docsGroups,
  type MediaType,
} from './document.ts';
import { GUIDES } from './guides.ts';
import { samplesOf } from './samples.ts';
import { fieldsOf, typeOf } from './schemas.ts';

/** Writes the documentation of one operation as Markdown, with samples for `server`. */
export function operationPage(document: Document, operation: DocsOperation, server: string): string {
  const { method, path, summary, description, parameters, body, responses } = operation;
  const isError = ([status]: DocsOperation['responses'][number]): boolean => !/^[123]/.test(status);
  return page([
    `# ${summary}`,
    fenced('http', `${method} ${path}`),
    description,
    '## Credentials',
    credentials(operation),
    ...(parameters.length === 0
      ? []
      : [
          '## Parameters',
          table(
            ['Name', 'In', 'Type', 'Required', 'Description', 'Example'],
            parameters.map((parameter) => [
              `\`${parameter.name}\``,
              parameter.in,
              typeOf(document, parameter.schema ?? {}),
              parameter.required === true ? 'yes' : 'no',
              parameter.description ?? '',
              parameter.example === undefined ? '' : `\`${parameter.example}\``,
            ]),
          ),
        ]),
    ...(body === undefined ? [] : ['## Body', body.description ?? '', ...content(document, body.content, new Set())]),
    '## Answers',
    ...responses.filter((answer) => !isError(answer)).flatMap((answer) => answered(document, answer, [])),
    ...(responses.some(isError) ? ['## Errors', 'The [error catalogue](errors.md) says what to do about each.'] : []),
    ...responses.filter(isError).flatMap((answer, index, errors) => answered(document, answer, errors.slice(0, index))),
    '## Samples',
    ...samplesOf(operation, server).flatMap(({ lang, label, source }) => [
      `### ${label}`,
      fenced(lang === 'curl' ? 'sh' : lang, source),
    ]),
  ]);
}

/** Writes the index for language models (llmstxt.org). `base` precedes every link: a URL with a slash, or nothing. */
export function llmsIndex(document: Document, base: string): string {
  const { title, summary, description } = docsDocument(document).info;
  return page([
    `# ${title}`,
    `> ${summary}`,
    description.replaceAll(/\]\((?=docs\/)/g, `](${base}`),
    ...docsGroups(document).flatMap(({ name, operations }) => [
      `## ${name}`,
      operations
        .map(
          (operation) =>
            `- [${operation.summary}](${base}docs/${operation.id}.md): \`${operation.method} ${operation.path}\`. ${firstSentence(operation.description)}`,
        )
        .join('\n'),
    ]),
    '## Guides',
    [
      ...GUIDES.map(({ name, title, summary }) => `- [${title}](${base}docs/${name}.md): ${summary}`),
      `- [OpenAPI document](${base}openapi.json): the whole contract, OpenAPI 3.1`,
    ].join('\n'),
  ]);
}

function credentials({ credentials: wanted, takesSessions }: DocsOperation): string {
  if (wanted.length === 0) {
    return 'None.';
  }
  const permissions = wanted.flatMap((credential) => credential.permissions);
  const lines = wanted.map(
    ({ header, prefix, description }) =>
      `- \`${header}: ${prefix}…\` ${description.split('. ')[0]?.replace(/\.$/, '')}.`,
  );
  return [
    lines.join('\n'),
    ...(takesSessions
      ? ['Or the [session](createSession.md) of a person who has signed in with such credentials.']
      : []),
    ...(permissions.length === 0
      ? []
      : [`Permissions: ${permissions.map((permission) => `\`${permission}\``).join(', ')}`]),
  ].join('\n\n');
}

type Answer = readonly [status: string, response: DocsResponse];

/** One answer. A body that an answer `before` has already shown is not told again. */
function answered(document: Document, [status, response]: Answer, before: readonly Answer[]): string[] {
  const { description, headers = {}, content: body = {} } = response;
  const known = new Set(before.flatMap(([, { content: shown = {} }]) => Object.values(shown).map(schemaName)));
  const lines = Object.entries(headers).map(
    ([name, header]) => `- \`${name}\`: ${resolve<{ description?: string }>(document, header).description ?? ''}`,
  );
  return [
    `### ${status === 'default' ? 'Any other status' : `${status} ${STATUS_CODES[status] ?? ''}`}`,
    description,
    ...(lines.length === 0 ? [] : [`Headers:\n\n${lines.join('\n')}`]),
    ...content(document, body, known),
  ];
}

const schemaName = ({ schema }: MediaType): string | undefined => schema?.$ref;

function content(document: Document, media: Content, known: ReadonlySet<string | undefined>): string[] {
  return Object.entries(media).flatMap(([type, { schema = {}, examples = {} }]) => {
    const isKnown = schema.$ref !== undefined && known.has(schema.$ref);
    const fields = isKnown ? [] : fieldsOf(document, schema);
    return [
      `\`${type}\`: ${isKnown ? 'the same form as above' : typeOf(document, schema)}`,
      ...(fields.length === 0
        ? []
        : [
            table(
              ['Field', 'Type', 'Required', 'Description'],
              fields.map((field) => [
                `\`${field.path}\``,
                field.type,
                field.required ? 'yes' : 'no',
                field.description,
              ]),
            ),
          ]),
      ...Object.entries(examples).flatMap(([name, { summary = '', 'x-status': status, value }]) => [
        `Example \`${name}\`${status === undefined ? '' : ` (${status})`}: ${summary}${remedyOf(name)}`,
        typeof value === 'string' ? fenced('', value) : fenced('json', JSON.stringify(value, null, 2)),
      ]),
    ];
  });
}

/** The examples of errors are named after the codes of the catalogue. */
const remedyOf = (exampleName: string): string =>
  Object.hasOwn(CATALOGUE, exampleName) ? ` ([what to do](errors.md#${exampleName}))` : '';

const firstSentence = (text: string): string => `${text.split(/\.(?:\s|$)/)[0]}.`;

const page = (blocks: readonly string[]): string =>
  `${blocks
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .join('\n\n')}\n`;

const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
