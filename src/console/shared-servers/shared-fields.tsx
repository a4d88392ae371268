import { Checkbox, NativeSelect, NumberInput, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Schemas } from '../api.ts';
import { fromPairs, type Pair, PairFields, toPairs } from '../ui/pair-fields.tsx';

type Config = Schemas['SharedServerConfig'];

/** A shared server as the form has it. The names within `mcpServer` are those of the API. */
export type SharedValues = {
  name: string;
  enabled: boolean;
  mcpServer: {
    name: string;
    transport: Config['transport'];
    url: string;
    headers: Pair[];
    command: string;
    /** One on each line. */
    args: string;
    env: Pair[];
    cwd: string;
    timeoutSeconds: number | string;
  };
};

/** The fields of the API that the form shows mistakes at. */
export const FIELD_NAMES = [
  'name',
  ...['name', 'transport', 'url', 'headers', 'command', 'args', 'env', 'cwd', 'timeoutSeconds'].map(
    (name) => `mcpServer.${name}`,
  ),
];

const TRANSPORTS: readonly { readonly value: Config['transport']; readonly label: string }[] = [
  { value: 'streamable_http', label: 'Streamable HTTP' },
  { value: 'stdio', label: 'Local process (stdio)' },
  { value: 'sse', label: 'HTTP+SSE (the older transport)' },
  { value: 'websocket', label: 'WebSocket' },
];

/** The values of a server that exists, or of a new one. */
export const valuesOf = (server?: Schemas['SharedServer']): SharedValues => ({
  name: server?.name ?? '',
  enabled: server?.enabled ?? true,
  mcpServer: {
    name: server?.mcpServer.name ?? '',
    transport: server?.mcpServer.transport ?? 'streamable_http',
    url: server?.mcpServer.url ?? '',
    headers: toPairs(server?.mcpServer.headers ?? {}),
    command: server?.mcpServer.command ?? '',
    args: (server?.mcpServer.args ?? []).join('\n'),
    env: toPairs(server?.mcpServer.env ?? {}),
    cwd: server?.mcpServer.cwd ?? '',
    timeoutSeconds: server?.mcpServer.timeoutSeconds ?? '',
  },
});

/** The values as the API takes them. Settings that the form does not have come from `before`. */
export const toBody = ({ name, enabled, mcpServer }: SharedValues, before?: Config): Schemas['SharedServerCreate'] => ({
  name: name.trim(),
  enabled,
  mcpServer: {
    ...before,
    name: mcpServer.name.trim(),
    transport: mcpServer.transport,
    url: textOrNull(mcpServer.url),
    headers: fromPairs(mcpServer.headers),
    command: textOrNull(mcpServer.command),
    args: mcpServer.args === '' ? [] : mcpServer.args.split('\n'),
    env: fromPairs(mcpServer.env),
    cwd: textOrNull(mcpServer.cwd),
    timeoutSeconds: mcpServer.timeoutSeconds === '' ? null : Number(mcpServer.timeoutSeconds),
  },
});

const textOrNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

/** The mistakes that need no answer of the server. */
export const VALIDATION = {
  name: (name: string) => (name.trim() === '' ? 'Write a name.' : null),
  mcpServer: { name: (name: string) => (name.trim() === '' ? 'Write a key.' : null) },
};

/** The fields of a shared server: those of its transport, and those of all. */
export function SharedFields({ form }: { readonly form: UseFormReturnType<SharedValues> }) {
  const { mcpServer } = form.values;
  const plain = { autoComplete: 'off', spellCheck: false };
  return (
    <>
      <TextInput label="Name" required maxLength={255} autoComplete="off" {...form.getInputProps('name')} />
      <TextInput
        label="Key"
        description="The name that the gateway uses for the server; unique among the servers that are on."
        required
        maxLength={255}
        {...plain}
        {...form.getInputProps('mcpServer.name')}
      />
      <NativeSelect label="Transport" data={[...TRANSPORTS]} {...form.getInputProps('mcpServer.transport')} />
      {mcpServer.transport === 'stdio' ? (
        <>
          <TextInput label="Command" required {...plain} {...form.getInputProps('mcpServer.command')} />
          <Textarea
            label="Arguments"
            description="One on each line."
            autosize
            minRows={2}
            maxRows={12}
            {...plain}
            {...form.getInputProps('mcpServer.args')}
          />
          <PairFields
            legend="Variables of its environment"
            noun="variable"
            description="Stored encrypted. ${NAME} is replaced from the environment of Gatehouse."
            {...form.getInputProps('mcpServer.env')}
            value={mcpServer.env}
          />
          <TextInput
            label="Working directory"
            description="Empty means the one of Gatehouse."
            {...plain}
            {...form.getInputProps('mcpServer.cwd')}
          />
        </>
      ) : (
        <>
          <TextInput label="URL" required type="url" {...plain} {...form.getInputProps('mcpServer.url')} />
          <PairFields
            legend="Request headers"
            noun="header"
            description="Sent with every request. Stored encrypted. ${NAME} is replaced from the environment of Gatehouse."
            {...form.getInputProps('mcpServer.headers')}
            value={mcpServer.headers}
          />
        </>
      )}
      <NumberInput
        label="Seconds of silence"
        description="After so many seconds without a sign of life, a request is given up. Empty means 60."
        min={1}
        max={86400}
        {...form.getInputProps('mcpServer.timeoutSeconds')}
      />
      <Checkbox
        label="On"
        description="A server that is off is saved without a connection."
        {...form.getInputProps('enabled', { type: 'checkbox' })}
      />
    </>
  );
}
