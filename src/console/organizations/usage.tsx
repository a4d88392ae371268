import { Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import type { Schemas } from '../api.ts';
import { Section } from '../ui/section.tsx';

const NUMBER = new Intl.NumberFormat();
const MIB = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const BYTES_OF_MIB = 2 ** 20;
/** From this part of a quota on, the bar warns. */
const NEARLY_USED_RATIO = 0.8;

const mib = (bytes: number): string => `${MIB.format(bytes / BYTES_OF_MIB)} MiB`;

/** How much an organization uses of each quota, as bars and numbers, and the memory that is held for it. */
export function Usage({ usage: { usage, memory } }: { readonly usage: Schemas['OrganizationUsage'] }) {
  const { tools, ...counted } = usage;
  return (
    <Section title="Usage and quotas">
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="lg" verticalSpacing="md">
        {Object.entries(counted).map(([name, { used, limit }]) => (
          <Bar
            key={name}
            name={`${name.charAt(0).toUpperCase()}${name.slice(1)}`}
            used={used}
            limit={limit}
            write={NUMBER.format}
          />
        ))}
        <Bar name="Tools, as stored" used={tools.usedBytes} limit={tools.limitBytes} write={mib} />
        <Bar
          name="Memory held now"
          used={memory.heldBytes}
          limit={memory.shareBytes}
          write={mib}
          note="It may use more while no other organization needs it."
        />
      </SimpleGrid>
    </Section>
  );
}

type BarProps = {
  readonly name: string;
  readonly used: number;
  readonly limit: number | null;
  readonly write: (amount: number) => string;
  readonly note?: string;
};

function Bar({ name, used, limit, write, note }: BarProps) {
  const part = limit === null ? 0 : used / limit;
  const numbers = limit === null ? `${write(used)}, no quota` : `${write(used)} of ${write(limit)}`;
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Text size="sm">{numbers}</Text>
      </Group>
      {limit !== null && (
        <Progress.Root>
          <Progress.Section
            value={Math.min(100, part * 100)}
            color={part >= NEARLY_USED_RATIO ? 'orange' : 'indigo'}
            aria-label={`${name}: ${numbers}`}
          />
        </Progress.Root>
      )}
      {part >= NEARLY_USED_RATIO && (
        <Text size="sm">{part >= 1 ? 'The quota is used up: more is refused.' : 'The quota is nearly used up.'}</Text>
      )}
      {note !== undefined && (
        <Text size="xs" c="dimmed">
          {note}
        </Text>
      )}
    </Stack>
  );
}
