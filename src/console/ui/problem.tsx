import { Alert, Anchor, List, Text } from '@mantine/core';
import { Problem } from '../api.ts';
import { Outside, OutsideLines } from './outside.tsx';

/** An error as the API says it, with the mistakes of single fields and the page of the documentation. */
export function ProblemNotice({ error }: { readonly error: unknown }) {
  const { message, help, fields, details } =
    error instanceof Problem ? error : new Problem(0, error instanceof Error ? error.message : String(error), null);
  return (
    <Alert color="red" variant="outline" title="That did not work" role="alert">
      <Text size="sm">
        <Outside>{message}</Outside>
      </Text>
      {typeof details.reason === 'string' && (
        <Text size="sm">
          <Outside>{details.reason}</Outside>
        </Text>
      )}
      {typeof details.stderr === 'string' && <OutsideLines>{details.stderr}</OutsideLines>}
      {fields.length > 0 && (
        <List size="sm" mt="xs">
          {fields.map(({ field, message: mistake }) => (
            <List.Item key={`${field} ${mistake}`}>
              <Outside>{`${field}: ${mistake}`}</Outside>
            </List.Item>
          ))}
        </List>
      )}
      {help !== null && (
        <Anchor size="sm" href={help} mt="xs" display="inline-block">
          About this error
        </Anchor>
      )}
    </Alert>
  );
}
