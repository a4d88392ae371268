import { NativeSelect, NumberInput, TagsInput, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Schemas } from '../api.ts';
import { fromPairs, type Pair, PairFields, toPairs } from '../ui/pair-fields.tsx';

/** A server as the form has it. */
export type ServerValues = {
  name: string;
  url: string;
  transport: Schemas['Transport'];
  description: string;
  request_headers: Pair[];
  tags: string[];
  timeout_seconds: number | string;
  required_approvals: number | string;
};

/** The fields of the API that the form shows mistakes at. */
export const FIELD_NAMES = [
  'name',
  'url',
  'transport',
  'description',
  'request_headers',
  'tags',
  'timeout_seconds',
  'required_approvals',
];

const TRANSPORTS: readonly { readonly value: Schemas['Transport']; readonly label: string }[] = [
  { value: 'STREAMABLE_HTTP', label: 'Streamable HTTP' },
  { value: 'SSE', label: 'HTTP+SSE (the older transport)' },
  { value: 'WebSocket', label: 'WebSocket' },
];

/** The values of a new server. */
export const NEW_SERVER: ServerValues = {
  name: '',
  url: '',
  transport: 'STREAMABLE_HTTP',
  description: '',
  request_headers: [],
  tags: [],
  timeout_seconds: '',
  required_approvals: 1,
};

/** The values of a server that exists. */
export const valuesOf = (server: Schemas['McpServer']): ServerValues => ({
  name: server.name,
  url: server.url,
  transport: server.transport,
  description: server.description ?? '',
  request_headers: toPairs(server.request_headers),
  tags: server.tags,
  timeout_seconds: server.timeout_seconds ?? '',
  required_approvals: server.required_approvals,
});

/** The values as the API takes them. */
export const toBody = (values: ServerValues) => ({
  name: values.name.trim(),
  url: values.url.trim(),
  transport: values.transport,
  description: values.description.trim() === '' ? null : values.description.trim(),
  request_headers: fromPairs(values.request_headers),
  tags: values.tags,
  timeout_seconds: values.timeout_seconds === '' ? null : Number(values.timeout_seconds),
  required_approvals: Number(values.required_approvals),
});

/** The mistakes that need no answer of the server. */
export const VALIDATION = {
  name: (name: string) => (name.trim() === '' ? 'Write a name.' : null),
  url: (url: string) => (URL.canParse(url.trim()) ? null : 'Write a whole URL, such as https://mcp.example.com/mcp.'),
};

type Form = UseFormReturnType<ServerValues>;

/** The fields that say where a server is, and how it is reached. */
export const PlaceFields = ({ form }: { readonly form: Form }) => (
  <>
    <TextInput
      label="URL"
      description="The URL of the MCP server. Secrets belong into the headers, not here."
      required
      type="url"
      maxLength={2048}
      autoComplete="off"
      spellCheck={false}
      {...form.getInputProps('url')}
    />
    <NativeSelect label="Transport" data={[...TRANSPORTS]} {...form.getInputProps('transport')} />
    <PairFields
      legend="Request headers"
      noun="header"
      description="Sent with every request to the server, for example an Authorization header. Stored encrypted."
      {...form.getInputProps('request_headers')}
      value={form.values.request_headers}
    />
  </>
);

/** The fields that people know a server by, and its limits. */
export const NameFields = ({ form }: { readonly form: Form }) => (
  <>
    <TextInput label="Name" required maxLength={128} autoComplete="off" {...form.getInputProps('name')} />
    <Textarea label="Description" autosize minRows={1} maxRows={6} {...form.getInputProps('description')} />
    <TagsInput
      label="Tags"
      description="Endpoints can be limited to tags. Enter ends a tag."
      maxTags={64}
      {...form.getInputProps('tags')}
    />
    <NumberInput
      label="Seconds of silence"
      description="After so many seconds without a sign of life, a request is given up. Empty means 60."
      min={1}
      max={3600}
      allowDecimal={false}
      {...form.getInputProps('timeout_seconds')}
    />
    <NumberInput
      label="Approvers"
      description="How many different people must approve a call that waits. Fewer than before needs the permission “approvals”."
      min={1}
      max={5}
      allowDecimal={false}
      {...form.getInputProps('required_approvals')}
    />
  </>
);
