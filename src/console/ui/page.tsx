import { Group, Stack, Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';

type PageProps = {
  readonly title: ReactNode;
  readonly name?: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
};

/**
 * One page: its title is that of the window (`name`, if the title is no text) and has the focus when the page opens, so
 * that screen readers and keys begin there.
 */
export function Page({ title, name = typeof title === 'string' ? title : '', actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = name === '' ? 'Gatehouse' : `${name} · Gatehouse`;
  }, [name]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <Stack gap="md" maw={1200}>
      <Group justify="space-between" align="center">
        <Title order={1} size="h2" ref={heading} tabIndex={-1} style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
          {title}
        </Title>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** Milliseconds after which a closed dialog has given the focus back. */
const DIALOG_END_MS = 50;

/** Puts the focus on the heading of the page if it is nowhere, because that which had it has gone. */
export function keepFocus(): void {
  setTimeout(() => {
    if (document.activeElement === null || document.activeElement === document.body) {
      document.querySelector('h1')?.focus({ preventScroll: true });
    }
  }, DIALOG_END_MS);
}
