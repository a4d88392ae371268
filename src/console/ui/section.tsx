import { Group, Paper, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

type SectionProps = {
  readonly title: string;
  /** Stand on the right of the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
};

/** A part of a page, with a heading of the second order, in a frame. */
export const Section = ({ title, actions, children }: SectionProps) => (
  <Stack gap="xs" component="section" aria-label={title}>
    <Group justify="space-between" align="center">
      <Title order={2} size="h4">
        {title}
      </Title>
      {actions !== undefined && <Group gap="xs">{actions}</Group>}
    </Group>
    <Paper withBorder p="sm">
      {children}
    </Paper>
  </Stack>
);
