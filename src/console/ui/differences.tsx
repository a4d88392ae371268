import { Stack, Text } from '@mantine/core';
import { differencesOf } from '../../base/json-differences.ts';
import { Outside, OutsideLines } from './outside.tsx';

/** Where two JSON values differ, such as two definitions of a tool: each place, and what stood and stands there. */
export function Differences({ before, after }: { readonly before: unknown; readonly after: unknown }) {
  const differences = differencesOf(before, after);
  return (
    <Stack gap="xs">
      {differences.length === 0 && <Text size="sm">There is no difference.</Text>}
      {differences.map(({ path, before: old, after: now }) => (
        <div key={path}>
          <Outside>{path === '' ? 'the whole' : path}</Outside>
          {old !== undefined && <OutsideLines>{`- ${JSON.stringify(old, null, 2)}`}</OutsideLines>}
          {now !== undefined && <OutsideLines>{`+ ${JSON.stringify(now, null, 2)}`}</OutsideLines>}
        </div>
      ))}
    </Stack>
  );
}
