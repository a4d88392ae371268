import { Badge, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Schemas } from '../api.ts';
import { Outside, OutsideLines } from './outside.tsx';
import { PAGE_ROWS } from './page-pager.tsx';

/** A tool, as an endpoint serves it. */
export type Tool = Schemas['ToolPreview'];

/** Above this number of tools, a field finds some by their names. */
const FILTERED_FROM_ROWS = 12;

type ToolListProps = {
  readonly tools: readonly Tool[];
  /** Stands below the description of each tool. */
  readonly after?: (tool: Tool) => ReactNode;
};

/** Tools with their methods, tags and descriptions, one hundred at a time. */
export function ToolList({ tools, after }: ToolListProps) {
  const [filter, setFilter] = useState('');
  const [limit, setLimit] = useState(PAGE_ROWS);
  const wanted = filter.trim().toLowerCase();
  const found = wanted === '' ? tools : tools.filter((tool) => textOf(tool).includes(wanted));
  return (
    <Stack gap="sm">
      {tools.length > FILTERED_FROM_ROWS && (
        <TextInput
          label="Find tools"
          placeholder="Name, method, tag or description"
          value={filter}
          onChange={({ currentTarget }) => {
            setFilter(currentTarget.value);
            setLimit(PAGE_ROWS);
          }}
        />
      )}
      {wanted !== '' && (
        <Text size="sm" role="status">
          {found.length} of {tools.length} found.
        </Text>
      )}
      <Stack gap={0} component="ul" className="rows">
        {found.slice(0, limit).map((tool) => (
          <li key={tool.name}>
            <OneTool tool={tool} />
            {after?.(tool)}
          </li>
        ))}
      </Stack>
      {found.length > limit && (
        <Group>
          <Button variant="default" size="compact-sm" onClick={() => setLimit(limit + PAGE_ROWS)}>
            Show more
          </Button>
          <Text size="sm" c="dimmed">
            {limit} of {found.length} shown.
          </Text>
        </Group>
      )}
    </Stack>
  );
}

const textOf = ({ name, method, tags, description }: Tool): string =>
  [name, method, ...tags, description].join('\n').toLowerCase();

function OneTool({ tool }: { readonly tool: Tool }) {
  const [isOpen, setIsOpen] = useState(false);
  const { name, method, tags, description } = tool;
  return (
    <>
      <Group gap="xs" align="baseline" justify="space-between">
        <Text span fw={600} size="sm" style={{ minWidth: 0 }}>
          <Outside>{name}</Outside>
        </Text>
        <MethodBadge method={method} />
      </Group>
      {description !== name && (
        <Text size="sm" lineClamp={2}>
          <Outside>{description}</Outside>
        </Text>
      )}
      {tags.length > 0 && (
        <Text size="xs" c="dimmed" lineClamp={2}>
          Tags: <Outside>{tags.join(', ')}</Outside>
        </Text>
      )}
      <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
        <summary>Description and arguments</summary>
        {isOpen && (
          <Stack gap="xs" mt={4}>
            <OutsideLines>{description}</OutsideLines>
            <OutsideLines>{argumentsOf(tool)}</OutsideLines>
          </Stack>
        )}
      </details>
    </>
  );
}

/** The method of a tool. A custom one has a name that was made outside. */
const MethodBadge = ({ method }: { readonly method: string }) => (
  <Badge variant="default" tt="none" maw="100%">
    <Outside>{method}</Outside>
  </Badge>
);

function argumentsOf({ query_schema: query, body_schema: body, required }: Tool): string {
  const parts = Object.entries({ query_schema: query, body_schema: body }).filter(
    ([, schema]) => Object.keys((schema as { properties?: object }).properties ?? {}).length > 0,
  );
  return parts.length === 0
    ? 'The tool takes no arguments.'
    : JSON.stringify({ ...Object.fromEntries(parts), required }, null, 2);
}
