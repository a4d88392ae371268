import { Alert, Button, Text } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { api, type Schemas } from '../api.ts';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { Outside } from '../ui/outside.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { FIELD_NAMES, type ServerValues, toBody } from './server-fields.tsx';

type Checked = Schemas['McpServerCheckedAnswer']['data'];

/** Connects to the server of the form before it is saved, and tells its tools, or why it cannot be used. */
export function CheckServer({ form }: { readonly form: UseFormReturnType<ServerValues> }) {
  const check = api.useMutation('post', '/api/mcp-server-checks', {
    onError: (error) => form.setErrors(fieldErrorsOf(error, FIELD_NAMES)),
  });
  const begin = () => {
    if (!form.validateField('url').hasError) {
      const { url, transport, request_headers } = toBody(form.values);
      check.mutate({ body: { url, transport, request_headers } });
    }
  };
  return (
    <>
      <Button variant="default" onClick={begin} loading={check.isPending} style={{ alignSelf: 'flex-start' }}>
        Check the server
      </Button>
      <div aria-live="polite">
        {check.data !== undefined && <Result checked={check.data.data} />}
        {check.error !== null && <ProblemNotice error={check.error} />}
      </div>
    </>
  );
}

function Result({ checked }: { readonly checked: Checked }) {
  const { state, error, server_info: info, tool_count: count, tools } = checked;
  if (state !== 'connected') {
    return (
      <Alert color="orange" variant="outline" title="The server cannot be used now">
        <Outside>{error ?? ''}</Outside>
        <Text size="sm" mt="xs">
          You can save it anyway, and it will be tried again when it is used.
        </Text>
      </Alert>
    );
  }
  return (
    <Alert
      color="green"
      variant="outline"
      title={`The server answers, with ${count === 1 ? 'one tool' : `${count} tools`}`}
    >
      {info !== null && (
        <Text size="sm">
          It calls itself <Outside>{`${info.title ?? info.name} ${info.version}`}</Outside>.
        </Text>
      )}
      {tools.length > 0 && (
        <Text size="sm">
          <Outside>{tools.join(', ')}</Outside>
          {count !== null && count > tools.length && ` and ${count - tools.length} more`}
        </Text>
      )}
    </Alert>
  );
}
