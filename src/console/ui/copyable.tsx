import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { type ReactNode, useId, useRef, useState } from 'react';

type CopyableProps = {
  /** The name of the text, such as `URL`. The button says it too. */
  readonly label: string;
  readonly value: string;
};

/** A text of this server with a button that copies it. Where a page may not write to the clipboard, it is selected instead. */
export function Copyable({ label, value }: CopyableProps) {
  const text = useRef<HTMLPreElement>(null);
  const id = useId();
  const [said, setSaid] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setSaid('Copied.');
    } catch {
      // Only secure pages may write to the clipboard.
      if (text.current !== null) {
        getSelection()?.selectAllChildren(text.current);
      }
      setSaid('Selected. Copy it with your keyboard.');
    }
  };
  return (
    <Stack gap={4} role="group" aria-labelledby={id}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600} id={id}>
          {label}
        </Text>
        <Group gap="xs">
          <Text size="sm" role="status">
            {said}
          </Text>
          <Button variant="default" size="compact-sm" aria-label={`Copy: ${label}`} onClick={() => void copy()}>
            Copy
          </Button>
        </Group>
      </Group>
      <pre ref={text} className="copyable">
        {value}
      </pre>
    </Stack>
  );
}

/** Secrets that the server shows only once: each as a `Copyable` among the children. */
export const ShownOnce = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <Alert color="orange" variant="outline" title={title} role="region" aria-label={title}>
    <Stack gap="sm">
      <Text size="sm">This is shown only once. Copy it now, and keep it where you keep secrets.</Text>
      {children}
    </Stack>
  </Alert>
);
