import { Alert, Group, Loader, Text } from '@mantine/core';
import { useState } from 'react';
import { useNow } from '../ui/now.ts';
import { Outside } from '../ui/outside.tsx';

/** A document is being read. It goes on while a person looks at other pages of this window. */
export function ImportProgress({ name }: { readonly name: string }) {
  const [since] = useState(() => Date.now());
  const seconds = Math.max(0, Math.floor((useNow() - since) / 1000));
  return (
    <Alert variant="outline" role="status">
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <Loader size="sm" />
        <div>
          <Text size="sm" fw={600}>
            Reading <Outside>{name}</Outside>
          </Text>
          <Text size="sm">
            A large document takes up to a minute. You may go to other pages of this window: a message tells the end.
          </Text>
        </div>
      </Group>
      <Text size="sm" mt={4} aria-hidden>
        {seconds} s
      </Text>
    </Alert>
  );
}
