import { Group, NativeSelect, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';

/** When something is to end: `never`, a number of seconds from now, or `at` the local time in `at`. */
export type Expiry = { readonly choice: string; readonly at: string };

/** Nothing ends by itself. */
export const NEVER: Expiry = { choice: 'never', at: '' };

const CHOICES = [
  { value: 'never', label: 'Never' },
  { value: '3600', label: 'In one hour' },
  { value: '86400', label: 'In one day' },
  { value: '604800', label: 'In 7 days' },
  { value: '2592000', label: 'In 30 days' },
  { value: '7776000', label: 'In 90 days' },
  { value: 'at', label: 'At a date …' },
];

/** The expiry that an instant of the API (RFC 3339, or null) stands for. */
export const expiryAt = (instant: string | null): Expiry =>
  instant === null ? NEVER : { choice: 'at', at: localOf(new Date(instant)) };

/** Returns the instant (RFC 3339) of an expiry that is chosen now; null for never, undefined where the date is missing. */
export function instantOf({ choice, at }: Expiry): string | null | undefined {
  if (choice === 'never') {
    return null;
  }
  const date = choice === 'at' ? new Date(at) : new Date(Date.now() + Number(choice) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** The local time as `<input type="datetime-local">` has it, to the second. */
function localOf(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

type ExpiryInputProps = {
  readonly label?: string;
  readonly description: string;
  readonly value: Expiry;
  readonly onChange: (expiry: Expiry) => void;
  readonly error?: ReactNode;
};

/** The choice of an end. Made for `getInputProps` of a form. */
export const ExpiryInput = ({ label = 'Expires', description, value, onChange, error }: ExpiryInputProps) => (
  <Group align="flex-start" gap="sm" grow>
    <NativeSelect
      label={label}
      description={description}
      data={CHOICES}
      value={value.choice}
      onChange={({ currentTarget }) => onChange({ ...value, choice: currentTarget.value })}
      error={value.choice === 'at' ? undefined : error}
    />
    {value.choice === 'at' && (
      <TextInput
        type="datetime-local"
        step={1}
        label="Date and time"
        description="In the time zone of this browser."
        value={value.at}
        onChange={({ currentTarget }) => onChange({ ...value, at: currentTarget.value })}
        error={error}
      />
    )}
  </Group>
);
