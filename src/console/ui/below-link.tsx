import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** A page with a link above it that leads to the list from which it comes. */
export const BelowLink = ({ link, children }: { readonly link: ReactNode; readonly children: ReactNode }) => (
  <Stack gap="xs">
    <Text size="sm">{link}</Text>
    {children}
  </Stack>
);
