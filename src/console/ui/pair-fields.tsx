import { Button, Fieldset, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { keepFocus } from './page.tsx';

/** A name and its value, such as a header. */
export type Pair = { name: string; value: string };

/** The members of an object as rows of a form. */
export const toPairs = (members: Readonly<Record<string, string>>): Pair[] =>
  Object.entries(members).map(([name, value]) => ({ name, value }));

/** The rows as an object. Rows without a name are left out. */
export const fromPairs = (pairs: readonly Pair[]): Record<string, string> =>
  Object.fromEntries(
    pairs.filter(({ name }) => name.trim() !== '').map(({ name, value }) => [name.trim(), value] as const),
  );

type PairFieldsProps = {
  readonly legend: string;
  /** What one pair is, in the names of its fields, such as “header”. */
  readonly noun: string;
  readonly description: string;
  readonly value: readonly Pair[];
  readonly onChange: (pairs: Pair[]) => void;
  readonly error?: ReactNode;
};

/** Names with secret values, a row for each. Made for `getInputProps` of a form. */
export function PairFields({ legend, noun, description, value: pairs, onChange, error }: PairFieldsProps) {
  const change = (at: number, part: Partial<Pair>) =>
    onChange(pairs.with(at, { name: '', value: '', ...pairs[at], ...part }));
  return (
    <Fieldset legend={legend}>
      <Stack gap="sm">
        <Text size="sm">{description}</Text>
        {pairs.map(({ name, value }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows have no other identity
          <Group key={at} align="flex-end" gap="xs">
            <TextInput
              label={`Name of ${noun} ${at + 1}`}
              autoComplete="off"
              spellCheck={false}
              style={{ flex: '1 1 10rem' }}
              value={name}
              onChange={({ currentTarget }) => change(at, { name: currentTarget.value })}
            />
            <PasswordInput
              label={`Value of ${noun} ${at + 1}`}
              autoComplete="off"
              style={{ flex: '2 1 12rem' }}
              value={value}
              onChange={({ currentTarget }) => change(at, { value: currentTarget.value })}
            />
            <Button
              variant="default"
              aria-label={`Remove ${noun} ${at + 1}`}
              onClick={() => {
                onChange(pairs.toSpliced(at, 1));
                keepFocus();
              }}
            >
              Remove
            </Button>
          </Group>
        ))}
        {error !== undefined && error !== null && (
          <Text size="sm" c="red" role="alert">
            {error}
          </Text>
        )}
        <Button
          variant="default"
          style={{ alignSelf: 'flex-start' }}
          onClick={() => onChange([...pairs, { name: '', value: '' }])}
        >
          Add a {noun}
        </Button>
      </Stack>
    </Fieldset>
  );
}
