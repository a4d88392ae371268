import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Page } from '../ui/page.tsx';

/** The page of an address that leads nowhere. */
export const NotFound = () => (
  <Page title="There is no such page">
    <Text>
      The address may be mistyped. Go to the{' '}
      <Anchor component={Link} to="/">
        start of the console
      </Anchor>
      .
    </Text>
  </Page>
);
