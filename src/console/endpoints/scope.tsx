import { Badge, Text } from '@mantine/core';
import type { Schemas } from '../api.ts';
import { Instant } from '../ui/instant.tsx';
import { useNow } from '../ui/now.ts';
import { Outside } from '../ui/outside.tsx';

/** An endpoint without its token. */
export type EndpointData = Schemas['Endpoint'];

/** The tools that an endpoint serves, in a few words. */
export function Scope({
  config: { methods, tags, tool_exposure: exposure, require_api_token_auth: asks },
}: EndpointData) {
  return (
    <Text size="sm" lineClamp={3}>
      {methods === undefined && tags === undefined && 'All tools'}
      {methods !== undefined && (
        <>
          Methods: <Outside>{methods.join(', ')}</Outside>
        </>
      )}
      {methods !== undefined && tags !== undefined && '; tags: '}
      {methods === undefined && tags !== undefined && 'Tags: '}
      {tags !== undefined && <Outside>{tags.join(', ')}</Outside>}
      {exposure === 'discovery' && '; clients search the tools'}
      {asks === true && '; clients also send an API token'}
    </Text>
  );
}

/** When an endpoint ends, or that it has ended. */
export function ExpiryBadge({ at }: { readonly at: string | null }) {
  const now = useNow();
  if (at === null) {
    return <Badge variant="default">never expires</Badge>;
  }
  const isOver = new Date(at).getTime() <= now;
  return (
    <Badge {...(isOver ? { color: 'red' } : { variant: 'default' })}>
      {isOver ? 'expired ' : 'expires '}
      <Instant at={at} />
    </Badge>
  );
}
