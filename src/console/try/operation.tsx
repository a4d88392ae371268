import { Alert, Button, Group, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useSession } from '../session.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { Section } from '../ui/section.tsx';
import { AnswerView, useAnswer } from './answer.tsx';
import { covers, type Operation, wantedBy } from './document.ts';
import { Method } from './method.tsx';
import { urlOf, type Values } from './send.ts';
import { useOperations } from './use-operations.ts';

/** One operation: its parameters and body to fill in, and the answer. */
export function TryOperation() {
  const { operationId } = useParams({ from: '/inside/try/$operationId' });
  const query = useOperations();
  return (
    <Loaded query={query}>
      {(all) => {
        const operation = all.find(({ id }) => id === operationId);
        return operation === undefined ? (
          <Page title="There is no such operation">
            <All />
          </Page>
        ) : (
          <Page key={operation.id} title={operation.summary} actions={<All />}>
            <Request operation={operation} />
          </Page>
        );
      }}
    </Loaded>
  );
}

const All = () => (
  <Link to="/try" search={{ tag: '', text: '' }}>
    All operations
  </Link>
);

/** Required parameters begin with the example of the document, the others empty. */
const firstValues = ({ parameters, bodies }: Operation): Values => ({
  parameters: Object.fromEntries(parameters.map(({ name, required, example }) => [name, required ? example : ''])),
  body: bodies?.[0]?.text ?? '',
});

function Request({ operation }: { readonly operation: Operation }) {
  const { permissions } = useSession();
  const [values, setValues] = useState(() => firstValues(operation));
  const answer = useAnswer();
  const { method, path, description, parameters, bodies } = operation;
  const missing = parameters.filter(({ name, required }) => required && values.parameters[name] === '');
  const begin = () => answer.begin(operation, values);
  return (
    <>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <Method method={method} />
        <Text ff="monospace" className="outside">
          {path}
        </Text>
      </Group>
      <Text size="sm">{description}</Text>
      {!covers(operation, permissions) && (
        <Alert color="orange" variant="outline" title="Your permissions do not cover this">
          It wants {wantedBy(operation)}. Sign out, and sign in with that too.
        </Alert>
      )}
      {parameters.length > 0 && (
        <Section title="Parameters">
          <Stack gap="sm">
            {parameters.map(({ name, in: place, required, description: text, example }) => (
              <TextInput
                key={`${place} ${name}`}
                label={place === 'header' ? `${name} (header)` : name}
                description={text}
                placeholder={example}
                required={required}
                spellCheck={false}
                autoComplete="off"
                value={values.parameters[name] ?? ''}
                onChange={({ currentTarget: { value } }) =>
                  setValues({ ...values, parameters: { ...values.parameters, [name]: value } })
                }
              />
            ))}
          </Stack>
        </Section>
      )}
      {bodies !== null && (
        <Section title="Body">
          {bodies.length > 1 && (
            <NativeSelect
              label="Begin with the example"
              mb="sm"
              data={bodies.map(({ summary }, at) => ({ value: String(at), label: summary }))}
              onChange={({ currentTarget }) =>
                setValues({ ...values, body: bodies[Number(currentTarget.value)]?.text ?? '' })
              }
            />
          )}
          <Textarea
            label="JSON"
            description="It is sent exactly as it stands here."
            autosize
            minRows={4}
            maxRows={24}
            spellCheck={false}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            value={values.body}
            onChange={({ currentTarget }) => setValues({ ...values, body: currentTarget.value })}
          />
        </Section>
      )}
      {covers(operation, permissions) && (
        <Group gap="sm">
          {method === 'get' ? (
            <Button onClick={begin} disabled={missing.length > 0} loading={answer.isOpen}>
              Send
            </Button>
          ) : (
            <ConfirmButton
              action="Send"
              title={`Send this ${method.toUpperCase()}?`}
              onConfirm={async () => {
                begin();
              }}
            >
              <Text>It may change things of this server at once, and the audit log names you:</Text>
              <Text ff="monospace" size="sm">
                <Outside>{urlOf(operation, values.parameters)}</Outside>
              </Text>
            </ConfirmButton>
          )}
          {answer.isOpen && (
            <Button variant="default" onClick={answer.stop}>
              Stop
            </Button>
          )}
          {missing.length > 0 && <Text size="sm">Fill in {missing.map(({ name }) => name).join(', ')} first.</Text>}
        </Group>
      )}
      <AnswerView {...answer} />
    </>
  );
}
